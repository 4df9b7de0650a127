// moorage completion: the script by which a shell completes the command line.

import { readFile } from "node:fs/promises";
import { EXIT } from "../exit-codes.ts";
import { print } from "../output.ts";
import { packageFile } from "../package-file.ts";

export async function completion(shell: string): Promise<number> {
  await print(await readFile(packageFile(`completions/moorage.${shell}`), "utf8"));
  return EXIT.OK;
}
