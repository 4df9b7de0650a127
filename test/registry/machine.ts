// A machine for tests, whose time, processes, guards and strangers the test decides on.

import type {
  Guard,
  Guards,
  Holds,
  Host,
  ProcessIdentity,
  Store,
  Verdict,
} from "../../src/contract/index.ts";
import type { Binding, Transport } from "../../src/core/index.ts";
import { Time } from "./time.ts";

const BOOT = "boot-1";

export function processOf(pid: number, boot: string = BOOT): ProcessIdentity {
  return { pid, startTime: pid * 10, boot, namespaces: "pid:[1]", command: `program-${pid}` };
}

interface HeldGuard {
  readonly pid: number;
  readonly knock: () => void;
  readonly waiters: Set<() => void>;
  isKnocked: boolean;
}

export class Machine {
  readonly time = new Time();
  boot = BOOT;
  readonly #dead = new Set<number>();
  /** Processes that others cannot judge, dead or alive. */
  readonly unknown = new Set<number>();
  /** Verdicts of the kernel for a port other than `free`. */
  readonly verdicts = new Map<number, Verdict>();
  /** Every binding that was looked at. */
  readonly looks: Binding[] = [];
  /** Called before each look; a test can wait, change the machine or throw there. */
  beforeLook: (binding: Binding) => void | Promise<void> = () => undefined;
  /** Whether the system has guards. */
  hasGuards = true;
  /** Whether ports can be held in the kernel; else they are looked at. */
  hasHolds = false;
  /** The bindings that are held, as "50 on :: of 1". */
  readonly holds = new Set<string>();
  /** What was told apart of leases so far. */
  ids = 0;
  readonly #guards = new Map<string, HeldGuard>();

  /** The guards that are had: "tcp/50 of 1". */
  get guards(): string[] {
    const guards = [...this.#guards].map(([key, { pid }]) => `${key} of ${pid}`);
    return guards.toSorted((a, b) => (a < b ? -1 : 1));
  }

  /** kill -9: it does nothing more, and its guards are free. */
  kill(pid: number): void {
    this.#dead.add(pid);
    this.time.forget(pid);
    this.loseGuards(pid);
    for (const name of this.holds) if (name.endsWith(` of ${pid}`)) this.holds.delete(name);
  }

  /** Its guards are gone, though it may live. */
  loseGuards(pid: number): void {
    for (const [key, { pid: holder }] of this.#guards) if (holder === pid) this.#letGo(key);
  }

  /** SIGSTOP: it is not woken, and its calls of the store come to nothing, until it goes on. */
  stop(pid: number): void {
    this.time.stop(pid);
  }

  /** SIGCONT. */
  async goOn(pid: number): Promise<void> {
    for (const guard of this.#guards.values()) {
      if (guard.pid === pid && guard.isKnocked) guard.knock();
      if (guard.pid === pid) guard.isKnocked = false;
    }
    await this.time.goOn(pid);
  }

  /** All processes end, and the time since the boot begins anew. */
  reboot(): void {
    for (const key of this.#guards.keys()) this.#letGo(key);
    this.boot = `boot-${Number(this.boot.slice("boot-".length)) + 1}`;
    this.#dead.clear();
    this.unknown.clear();
    this.time.boot();
  }

  isDead({ pid, boot }: ProcessIdentity): boolean {
    return boot !== this.boot || this.#dead.has(pid);
  }

  /** What process `pid` sees of the machine; `parents` are its ancestors. */
  hostOf(pid: number, ...parents: readonly number[]): Host {
    const { boot } = this;
    const self = processOf(pid, boot);
    const isDead = (): boolean => this.isDead(self);
    return {
      fingerprint: "net:[1]",
      boot,
      self,
      ancestors: () => parents.map((parent) => ({ ...processOf(parent, boot), forked: false })),
      process: (other) => (this.#dead.has(other) || other > 9999 ? undefined : processOf(other, boot)),
      liveness: (process) =>
        this.unknown.has(process.pid) ? "unknown" : this.isDead(process) ? "dead" : "alive",
      look: async (bindings, options) => {
        for (const binding of bindings) {
          if (options?.signal?.aborted) throw options.signal.reason;
          this.looks.push(binding);
          await this.beforeLook(binding);
          if (isDead()) await never();
          const verdict = this.verdicts.get(binding.port) ?? "free";
          if (verdict !== "free") return verdict;
        }
        return "free";
      },
      settings: () => ({ ephemeral: { first: 32768, last: 60999 }, reserved: [], unprivilegedStart: 1024 }),
      holds: this.hasHolds ? { take: (bindings) => this.#hold(pid, bindings) } : undefined,
      listeners: undefined,
      guards: this.hasGuards ? this.guardsOf(pid, isDead) : undefined,
    };
  }

  guardsOf(pid: number, isDead: () => boolean = () => false): Guards {
    return {
      take: (protocol, port, onKnock) => this.#take(pid, `${protocol}/${port}`, onKnock),
      gone: async (protocol, port, { signal } = {}) => {
        if (signal?.aborted) throw signal.reason;
        const guard = this.#guards.get(`${protocol}/${port}`);
        if (!guard) return;
        let wake!: () => void;
        await new Promise<void>((resolve) => {
          wake = resolve;
          guard.waiters.add(wake);
          signal?.addEventListener("abort", wake);
          this.#knockAt(guard);
        });
        guard.waiters.delete(wake);
        signal?.removeEventListener("abort", wake);
        await this.time.running(pid);
        if (isDead()) await never();
        if (signal?.aborted) throw signal.reason;
      },
      isHeld: async (protocol: Transport, port: number) => this.#guards.has(`${protocol}/${port}`),
    };
  }

  #take(pid: number, key: string, knock: () => void = () => undefined): Guard | undefined {
    if (this.#guards.has(key)) return undefined;
    const guard: HeldGuard = { pid, knock, waiters: new Set(), isKnocked: false };
    this.#guards.set(key, guard);
    return { release: () => void (this.#guards.get(key) === guard && this.#letGo(key)) };
  }

  #hold(pid: number, bindings: readonly Binding[]): ReturnType<Holds["take"]> {
    for (const { port } of bindings) {
      const verdict = this.verdicts.get(port) ?? "free";
      if (verdict !== "free") return verdict;
    }
    const names = bindings.map(({ port, address }) => `${port} on ${address.text} of ${pid}`);
    for (const name of names) this.holds.add(name);
    return {
      release: () => {
        for (const name of names) this.holds.delete(name);
      },
    };
  }

  #knockAt(guard: HeldGuard): void {
    if (this.time.isStopped(guard.pid)) guard.isKnocked = true;
    else setImmediate(guard.knock);
  }

  #letGo(key: string): void {
    const guard = this.#guards.get(key);
    this.#guards.delete(key);
    for (const wake of guard?.waiters ?? []) wake();
  }
}

/** A store as a process has it: when that is dead or stopped, nothing it does takes effect, and no answer comes. */
export function ofProcess(store: Store, machine: Machine, self: ProcessIdentity): Store {
  const alive = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    await machine.time.running(self.pid);
    if (machine.isDead(self)) await never();
    const result = await call();
    if (machine.isDead(self)) await never();
    return result;
  };
  return {
    epoch: store.epoch,
    limits: store.limits,
    expiring: store.expiring && {
      ttl: store.expiring.ttl,
      create: (...parameters) => alive(() => store.expiring!.create(...parameters)),
      keepAlive: (...parameters) => alive(() => store.expiring!.keepAlive(...parameters)),
    },
    read: (...parameters) => alive(() => store.read(...parameters)),
    list: (...parameters) => alive(() => store.list(...parameters)),
    commit: (...parameters) => alive(() => store.commit(...parameters)),
    update: (...parameters) => alive(() => store.update(...parameters)),
    watch: (...parameters) => store.watch(...parameters),
    raiseEpoch: (...parameters) => store.raiseEpoch(...parameters),
    close: () => store.close(),
  };
}

async function never(): Promise<void> {
  await new Promise(() => undefined);
}
