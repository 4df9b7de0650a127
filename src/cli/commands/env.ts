// moorage env: the ports and URLs of services as variables, on stdout or as a block in a file.

import { basename } from "node:path";
import {
  configuredService,
  type EnvFormat,
  formatVariables,
  impliedService,
  openProject,
  type Project,
  servicesOf,
  setOutside,
  writeBlock,
} from "../../project/index.ts";
import { EXIT } from "../exit-codes.ts";
import { print, say } from "../output.ts";

export interface EnvFlags {
  readonly format: EnvFormat;
  readonly group?: string;
  readonly write?: string;
}

export async function env({ format, group, write: file }: EnvFlags): Promise<number> {
  if (file !== undefined && format === "json") {
    throw new RangeError(
      "`--format`: json has no comments for a block in a file; leave it out with `--write`",
    );
  }
  await using project = await openProject();
  const variables = await variablesFor(project, group);
  const text = formatVariables(variables, format, project);
  if (file === undefined) {
    await print(text);
    return EXIT.OK;
  }
  const names = Object.keys(variables);
  const isNew = writeBlock(file, text);
  say(`${isNew ? "wrote" : "nothing new in"} ${file}: ${names.join(", ")}`);
  const others = setOutside(file, names);
  if (others.length > 0) say(`moorage: ${basename(file)} sets ${others.join(", ")} outside of the block too`);
  return EXIT.OK;
}

/** Of a group, or all; in the folder of a service with what that one is told of itself. */
async function variablesFor(project: Project, group: string | undefined): Promise<Record<string, string>> {
  const { config, place } = project;
  if (group === undefined && config.services.size === 0) {
    const service = impliedService(config, place);
    return await project.variables([service], { for: service });
  }
  const services = group === undefined ? [...config.services.keys()] : servicesOf(config, group);
  const own = configuredService(config, place);
  return await project.variables(services, own !== undefined && services.includes(own) ? { for: own } : {});
}
