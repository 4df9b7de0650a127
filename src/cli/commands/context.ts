// moorage context: what runs here, and how to work with it, for a model to read.

import { openProject } from "../../project/index.ts";
import { lookUpContext } from "../context/facts.ts";
import { toMarkdown } from "../context/markdown.ts";
import { EXIT } from "../exit-codes.ts";
import { print } from "../output.ts";

export interface ContextFlags {
  readonly json?: boolean;
}

/** The version of the shape that `--json` prints; it grows when a field changes its meaning or goes. */
const JSON_VERSION = 1;

export async function context({ json = false }: ContextFlags): Promise<number> {
  await using project = await openProject();
  const facts = await lookUpContext(project);
  await print(json ? `${JSON.stringify({ version: JSON_VERSION, ...facts }, null, 2)}\n` : toMarkdown(facts));
  return EXIT.OK;
}
