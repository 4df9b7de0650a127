// The connections of a store, each made when it is first needed: for commits, for reads, and for watches. What a server must
// be, and the schema in it, are looked at on each of them: after a failover it is another one.

import type { AbortableOptions } from "../../contract/index.ts";
import { Line, type LineOptions } from "./line.ts";
import type { Link } from "./link.ts";
import { askRights, RIGHTS_OF_ALL } from "./rights.ts";
import { prepareSchema, raiseEpoch } from "./schema.ts";
import type { SchemaName } from "./schema-name.ts";
import { checkServer } from "./settings.ts";
import type { Reading } from "./slots.ts";

export interface ConnectionsOptions extends Omit<LineOptions, "prepare" | "adviceOnRights"> {
  readonly schema: SchemaName;
  readonly allowUnsafeDurability: boolean;
}

export class Connections {
  readonly commits: Line;
  readonly reads: Line;
  readonly looks: Line;
  readonly #options: ConnectionsOptions;
  #epoch = 0;
  #adviceOnRights = RIGHTS_OF_ALL;

  constructor(options: ConnectionsOptions) {
    const prepare = (link: Link, withinMs: number): Promise<void> => this.#prepare(link, withinMs);
    const adviceOnRights = (): string => this.#adviceOnRights;
    const line = (): Line => new Line({ ...options, prepare, adviceOnRights });
    this.#options = options;
    [this.commits, this.reads, this.looks] = [line(), line(), line()];
  }

  /** That of the newest connection: it rises when commits may have been lost. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Connects, so that what is wrong is known at once. */
  async begin(): Promise<void> {
    await this.commits.run(async () => {}, { isFirst: true });
  }

  async ask<Result>(
    line: Line,
    work: (reading: Reading) => Promise<Result>,
    options: AbortableOptions | undefined,
  ): Promise<Result> {
    const { schema } = this.#options;
    const { signal } = options ?? {};
    return await line.run((link, withinMs) => work({ link, withinMs, schema }), { signal });
  }

  async raiseEpoch(epoch: number, options: AbortableOptions | undefined): Promise<void> {
    this.#epoch = await this.ask(this.commits, (reading) => raiseEpoch(reading, epoch), options);
  }

  async close(): Promise<void> {
    await Promise.all([this.commits.close(), this.reads.close(), this.looks.close()]);
  }

  async #prepare(link: Link, withinMs: number): Promise<void> {
    const { schema, name, chance } = this.#options;
    const server = await checkServer(link, withinMs, this.#options);
    const { isMade, advice } = await askRights(link, schema, withinMs);
    this.#adviceOnRights = advice;
    const { uniqueId } = chance;
    this.#epoch = await prepareSchema(link, { schema, server, name, isMade, uniqueId, withinMs });
  }
}
