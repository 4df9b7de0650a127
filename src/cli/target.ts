// What a command is about: a port, or a name. A name is a service of this place first, then whatever has a port by it.

import { namePrefix, openProject, type Project } from "../project/index.ts";

export interface TargetFlags {
  /** Whether the name is one for the whole machine, and no service of this place. */
  readonly global?: boolean;
}

/** The place that this process is in, and what is meant there by a word. */
export interface Target {
  readonly project: Project;
  /** A port or a full name. */
  readonly target: string | number;
}

/** Opens the place; to be closed by the caller. */
export async function openTarget(said: string | number, { global = false }: TargetFlags): Promise<Target> {
  const project = await openProject();
  try {
    const target = typeof said === "string" && !global ? await project.resolve(said) : said;
    return { project, target };
  } catch (error) {
    await project.close();
    throw error;
  }
}

/** A text with the services of this place by their own names. */
export function shortNames({ place }: Pick<Project, "place">, text: string): string {
  return text.replaceAll(namePrefix(place), "");
}

/** Has what a call throws name the services of this place by their own names. */
export async function withShortNames<Result>(
  project: Pick<Project, "place">,
  call: () => Promise<Result>,
): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Error) error.message = shortNames(project, error.message);
    throw error;
  }
}
