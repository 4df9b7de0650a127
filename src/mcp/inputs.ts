// What several tools take.

import { z } from "zod";
import type { Project } from "../project/index.ts";

export const FOLDER: z.ZodOptional<z.ZodString> = z
  .string()
  .describe(
    "absolute path of a folder in the worktree that is meant; by default where this server was started",
  )
  .optional();

export const TARGET: z.ZodUnion<[z.ZodNumber, z.ZodString]> = z.union([
  z.int().min(1).max(65_535).describe("a port"),
  z.string().min(1).describe("the name of a service of this worktree, or the full name of any lease"),
]);

/** A port as it is; a name as the registry knows it. */
export async function targetIn(project: Project, target: string | number): Promise<string | number> {
  return typeof target === "number" ? target : await project.resolve(target);
}
