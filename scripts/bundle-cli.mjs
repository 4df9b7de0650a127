// Makes one file of each command's modules: loading ninety small ones takes as long as starting Node.
//
// The library is not bundled: its modules are what the compiler made of them. `bin/` is as deep in `dist/` as
// `cli/`, for what is found by a path relative to the module. Packages that users need not install are in the files, with
// their licenses beside them.
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = (path) => join(root, "dist", path);
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

rmSync(folder("bin"), { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: { moorage: folder("cli/main.js") },
  outdir: folder("bin"),
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  external: [
    ...Object.keys(manifest.dependencies),
    ...Object.keys(manifest.optionalDependencies),
    ...Object.keys(manifest.peerDependencies),
  ],
  legalComments: "none",
  metafile: true,
  absWorkingDir: root,
  logLevel: "warning",
});
writeFileSync(folder("bin/THIRD-PARTY-LICENSES.txt"), licenses());
// The second one is what the command is without bundling; npx links to it where it has met a clone before.
for (const path of ["bin/moorage.js", "cli/main.js"]) chmodSync(folder(path), 0o755);

/** The licenses of the packages that are in the files. */
function licenses() {
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs));
  const packages = new Set(
    inputs.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/u.exec(path)?.[0] ?? []),
  );
  const notices = [...packages].toSorted().map((path) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, path, "package.json"), "utf8"));
    const file = readdirSync(join(root, path)).find((one) => /^licen[cs]e/iu.test(one));
    if (file === undefined) throw new Error(`${name} is bundled and has no license file`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(root, path, file), "utf8").trim()}\n`;
  });
  return `The command has parts of these packages in it.\n\n${notices.join(`\n${"-".repeat(80)}\n\n`)}`;
}
