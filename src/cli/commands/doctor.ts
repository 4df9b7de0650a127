// moorage doctor: says what is wrong, in one screen, and with --repair makes good what can be.

import { type Diagnosis, diagnose, type Finding, repair, type Repair } from "../../node/index.ts";
import { EXIT } from "../exit-codes.ts";
import { print, table } from "../output.ts";

export interface DoctorFlags {
  readonly json?: boolean;
  readonly repair?: boolean;
  readonly force?: boolean;
}

/** The version of the shape that `--json` prints; it grows when a field changes its meaning or goes. */
const JSON_VERSION = 1;

/** Findings of one kind that are shown: what is wrong with a hundred records is one matter. */
const MOST_OF_A_KIND = 8;

export async function doctor(flags: DoctorFlags): Promise<number> {
  if (flags.force === true && flags.repair !== true) {
    throw new TypeError("`--force`: belongs to --repair");
  }
  const repaired = flags.repair === true ? await repair({ force: flags.force }) : undefined;
  const diagnosis = repaired?.diagnosis ?? (await diagnose());
  if (flags.json === true) {
    const { done, refused } = repaired ?? {};
    const text = JSON.stringify({ version: JSON_VERSION, ...diagnosis, done, refused }, null, 2);
    await print(`${text}\n`);
  } else {
    await print((repaired ? describeRepair(repaired) : "") + describe(diagnosis));
  }
  return diagnosis.healthy && (repaired?.refused ?? []).length === 0 ? EXIT.OK : EXIT.ERROR;
}

function describeRepair({ done, refused }: Repair): string {
  const lines = [
    ...done.map((what) => `repaired: ${what}`),
    ...refused.map((what) => `not repaired: ${what}`),
  ];
  return `${(lines.length > 0 ? lines : ["nothing to repair"]).join("\n")}\n\n`;
}

function describe({ findings, healthy }: Diagnosis): string {
  const shown = new Map<string, Finding[]>();
  for (const finding of findings) {
    const kind = shown.get(finding.check);
    if (kind) kind.push(finding);
    else shown.set(finding.check, [finding]);
  }
  const rows = [...shown.values()].flatMap((kind) => [
    ...kind.slice(0, MOST_OF_A_KIND).flatMap(toRows),
    ...(kind.length > MOST_OF_A_KIND
      ? [["", "", `… and ${kind.length - MOST_OF_A_KIND} more; --json shows all`]]
      : []),
  ]);
  return `${table(rows)}\n${healthy ? "nothing is wrong" : "something is wrong"}\n`;
}

function toRows({ state, check, message, advice }: Finding): string[][] {
  const row = [state, check, message];
  return advice === undefined ? [row] : [row, ["", "", `→ ${advice}`]];
}
