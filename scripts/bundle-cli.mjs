// Makes one file of each command's modules: loading ninety small ones takes as long as starting Node.
//
// The library is not bundled: its modules are what the compiler made of them. `bin/` is as deep in `dist/` as
// `cli/`, for what is found by a path relative to the module.
import { chmodSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = (path) => fileURLToPath(new URL(`../dist/${path}`, import.meta.url));

rmSync(folder("bin"), { recursive: true, force: true });
await build({
  entryPoints: { moorage: folder("cli/main.js") },
  outdir: folder("bin"),
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  packages: "external",
  logLevel: "warning",
});
// The second one is what the command is without bundling; npx links to it where it has met a clone before.
for (const path of ["bin/moorage.js", "cli/main.js"]) chmodSync(folder(path), 0o755);
