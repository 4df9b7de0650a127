// The command that a lease is shown with, in few words: what serves, and not what started it.

import { shortCommand } from "../../host/index.ts";

/** "next dev" of "moorage run --name web -- node /shop/node_modules/.bin/next dev". */
export function commandInside(command: string): string {
  const [, inside] = /^(?:node )?moorage(?:\.js)? run .*? -- (.+)$/u.exec(command) ?? [];
  return inside === undefined ? command : shortCommand(inside.split(" "));
}
