// Runs of a test runner side by side, on one state folder, and what their tests say of their ports.

import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { extname, join } from "node:path";

import { makeProject, type Run, startRun } from "./project.ts";

/** How many files with tests a project has, each for a worker of its own. */
export const FILES = 4;

export interface Runner {
  /** The folder of its project, beside this file. */
  readonly project: string;
  /** The file with tests, of which the project gets several. */
  readonly tests: string;
  /** What it needs in node_modules. */
  readonly packages: readonly string[];
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What a test said of its ports. */
export interface Line {
  readonly run: string;
  readonly file: string;
  readonly pid: number;
  /** Those it listened on. */
  readonly own: readonly number[];
  /** Those that all tests of a run have, by name. */
  readonly shared: Readonly<Record<string, number>>;
  /** What answered on the shared port "web". */
  readonly answer: string;
}

/** Several runs of one project on one state folder. */
export class Runs {
  readonly directory: string;
  readonly #runner: Runner;
  readonly #folder: string;
  readonly #report: string;
  readonly #guests: number;

  constructor(runner: Runner, runs: number) {
    const projects = ["common", runner.project].map((project) => `test/testing/projects/${project}`);
    this.#runner = runner;
    this.#folder = makeProject(projects, runner.packages);
    this.#report = join(this.#folder, "report");
    this.#guests = runs * FILES;
    this.directory = join(this.#folder, "state");
    const tests = join(this.#folder, runner.tests);
    for (let file = 1; file <= FILES; file++) {
      cpSync(tests, join(this.#folder, `${file}.test${extname(runner.tests)}`));
    }
    rmSync(tests);
    mkdirSync(join(this.#folder, "meeting"));
  }

  /** Starts one; `stays`: its tests never end. */
  start(name: string, { stays = false } = {}): Run {
    return startRun(this.#folder, this.#runner.command, {
      ...this.#runner.env,
      MOORAGE_DIR: this.directory,
      RUN: name,
      REPORT: this.#report,
      MEETING: join(this.#folder, "meeting"),
      GUESTS: String(this.#guests),
      STAYS: stays ? "yes" : "",
    });
  }

  /** What the tests have said. */
  lines(): Line[] {
    if (!existsSync(this.#report)) return [];
    const lines = readFileSync(this.#report, "utf8").split("\n");
    return lines.filter(Boolean).map((line) => JSON.parse(line) as Line);
  }
}
