// Where processes work on leases and are killed: they know one another, and their lines end up in one ledger.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { onTestFinished } from "vitest";

import { temporaryFolder } from "../stores/folder.ts";
import { Ledger } from "./ledger.ts";
import { type Program, startProgram } from "./workers.ts";

/** For how long each one works, once it said that it is ready. */
export const LIFE_MS = { shortest: 5, longest: 60 };

/** How many calls each one makes before that, at most: most are quick by then, and some make their very first. */
const MOST_BEFORE = 16;

export interface Victim {
  readonly program: Program;
  readonly log: string;
  readonly born: bigint;
  readonly ready: Promise<unknown>;
}

export interface ArenaOptions {
  readonly ports: string;
  /** Whether the history of the store is written down, in files beside the logs. */
  readonly records?: boolean;
  /** Whether the store loses updates. */
  readonly broken?: boolean;
}

export class Arena {
  readonly ledger = new Ledger();
  deaths = 0;
  readonly folder = temporaryFolder();
  readonly directory = join(this.folder, "state");
  readonly #options: ArenaOptions;
  readonly #alive = new Set<Victim>();
  #started = 0;

  constructor(options: ArenaOptions) {
    this.#options = options;
  }

  start(): Victim {
    const { ports, records, broken } = this.#options;
    const number = ++this.#started;
    const log = join(this.folder, `log-${number}`);
    const history = records ? join(this.folder, `history-${number}`) : undefined;
    let isReady!: (message: unknown) => void;
    const ready = new Promise((resolve) => (isReady = resolve));
    const parameters = {
      directory: this.directory,
      log,
      ports,
      quarantineMs: 20,
      history,
      broken,
      before: Math.floor(Math.random() * MOST_BEFORE),
    };
    const born = process.hrtime.bigint();
    const program = startProgram("killed.mjs", [JSON.stringify(parameters)], {
      collect: (message) => {
        const { ready: began, adopt, to } = message as { ready?: boolean; adopt?: string; to?: number };
        if (began) isReady(message);
        if (adopt) [...this.#alive].find((victim) => victim.program.pid === to)?.program.send({ adopt });
      },
    });
    program.process.once("exit", isReady);
    onTestFinished(() => program.end());
    return { program, log, born, ready };
  }

  async live(victim: Victim): Promise<void> {
    await victim.ready;
    this.#alive.add(victim);
    this.#introduce();
    await pause(LIFE_MS.shortest + Math.random() * (LIFE_MS.longest - LIFE_MS.shortest));
  }

  async kill(victim: Victim): Promise<void> {
    const { program, born, log } = victim;
    const died = process.hrtime.bigint();
    this.#alive.delete(victim);
    await program.end();
    this.deaths++;
    this.ledger.died(program.pid, born, died);
    // One that ended by itself says why on its own.
    if (program.process.signalCode !== "SIGKILL")
      this.ledger.errors.push(`ended: ${program.process.exitCode}`);
    if (existsSync(log)) this.ledger.read(log);
    this.#introduce();
  }

  #introduce(): void {
    const pids = [...this.#alive].map(({ program }) => program.pid);
    for (const { program } of this.#alive) {
      program.send({ peers: pids.filter((pid) => pid !== program.pid) });
    }
  }
}

/** Has so many processes work and be killed, `atOnce` at a time; calls `settle` after each death. */
export async function killMany(
  arena: Arena,
  { kills, atOnce }: { readonly kills: number; readonly atOnce: number },
  settle: (pid: number) => Promise<void>,
): Promise<void> {
  let begun = 0;
  const ring = async (): Promise<void> => {
    for (let next: Victim | undefined = arena.start(); next && begun < kills;) {
      begun++;
      const victim: Victim = next;
      // The next one starts while this one works.
      next = begun < kills ? arena.start() : undefined;
      await arena.live(victim);
      await arena.kill(victim);
      await settle(victim.program.pid);
      // Others have begun the last of the kills.
      if (next && begun >= kills) {
        await arena.kill(next);
        await settle(next.program.pid);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, ring));
}
