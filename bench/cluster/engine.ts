// What the lines of every engine need of it: a server, how a process opens a store on it, and the bare floor beneath.

/** A server that was started for the benchmark. */
export interface Running {
  /** How to open a store on it, as `etcd()` or `postgres()` takes it. */
  readonly options: object;
  /** The processor time that the server has used, in microseconds. */
  readonly cpu: () => number;
  readonly end: () => Promise<void>;
}

export interface BenchedEngine {
  readonly name: string;
  /** Starts a server with nothing in it; `undefined` where it is not installed. */
  readonly start: () => Promise<Running | undefined>;
  /** The module of the store in dist/, and its function. */
  readonly door: string;
  readonly factory: string;
  /** The module of this folder that exports `openBare`. */
  readonly bare: string;
}

/** The engine without a store: one conditional write of one slot in a transaction, over as many connections. */
export interface Bare {
  /** Writes the slot that has this revision, 0 for none, and returns the new one. */
  write(slot: string, revision: number, value: string): Promise<number>;
  close(): Promise<void>;
}

export type OpenBare = (options: object, outstanding: number) => Promise<Bare>;
