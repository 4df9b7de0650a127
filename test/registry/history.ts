// A history of three processes, taken step by step beside its model.

import assert from "node:assert/strict";

import type { Lease, Registry } from "../../src/registry/index.ts";
import { type Ask, type NaiveLease, NaiveLeases } from "./naive-leases.ts";
import { sorted, type Several } from "./world.ts";

export type Action =
  | { readonly do: "acquire"; readonly who: number; readonly ask: Ask }
  | { readonly do: "release" | "give up"; readonly which: number }
  | { readonly do: "transfer"; readonly which: number; readonly who: number }
  | { readonly do: "die"; readonly who: number }
  | { readonly do: "advance"; readonly ms: number };

/** One history, beside its model. */
export class History {
  readonly #world: Several;
  readonly #model = new NaiveLeases();
  readonly #processes: { pid: number; registry: Registry }[];
  readonly #handles: { lease: Lease; naive: NaiveLease }[] = [];
  #lastPid: number;

  constructor(world: Several) {
    this.#world = world;
    this.#processes = world.registries.map((registry, at) => ({ pid: at + 1, registry }));
    this.#lastPid = this.#processes.length;
  }

  async take(action: Action): Promise<void> {
    switch (action.do) {
      case "acquire":
        await this.#acquire(this.#processes[action.who]!, action.ask);
        break;
      case "release": {
        const [handle] = this.#handles.splice(action.which, 1);
        if (!handle || !this.#isAlive(handle.lease)) break;
        this.#model.release(handle.naive);
        await handle.lease.release();
        break;
      }
      case "give up": {
        const name = "ab"[action.which]!;
        const attempt = this.#anybody().giveUp(name);
        const outcome = await attempt.then(
          ({ ports }) => ports,
          ({ code }: { code: string }) => code,
        );
        assert.deepEqual(outcome, this.#model.kept.get(name) ?? "LEASE_NOT_FOUND");
        this.#model.kept.delete(name);
        break;
      }
      case "transfer": {
        const handle = this.#handles[action.which];
        if (!handle || !this.#isAlive(handle.lease)) break;
        const { pid } = this.#processes[action.who]!;
        handle.lease = await this.#world.machine.time.until(handle.lease.transfer(pid));
        handle.naive = this.#model.transfer(handle.naive, pid);
        break;
      }
      case "die":
        await this.#die(action.who);
        break;
      case "advance":
        this.#model.now += action.ms;
        await this.#world.machine.time.advance(action.ms);
        break;
      default:
        action satisfies never;
    }
  }

  /** All leases and reservations are those of the model. */
  async compare(): Promise<void> {
    const listed = await this.#anybody().list();
    const held = listed.filter(({ state }) => state === "held");
    const living = this.#model.living().map((lease) => shown(lease, lease.pid));
    assert.deepEqual(sorted(held.map((lease) => shown(lease, lease.holder.pid))), sorted(living));
    const kept = (await this.#anybody().reservations()).map((one) => shown(one, 0));
    const expected = [...this.#model.kept].map(([name, ports]) => shown({ name, ports }, 0));
    assert.deepEqual(kept, sorted(expected));
  }

  async #acquire({ pid, registry }: { pid: number; registry: Registry }, request: Ask): Promise<void> {
    const { name, ports, count, kept, ttlMs } = request;
    const expected = this.#model.ask(pid, request);
    const attempt = await registry.tryAcquire({
      ports,
      count,
      kept,
      ...(name && { name }),
      ...(ttlMs && { ttlMs }),
    });
    if ("refused" in expected) {
      assert.equal(attempt.granted ? "granted" : attempt.refusal.code, expected.refused);
      return;
    }
    if (!attempt.granted) throw attempt.refusal;
    const { lease } = attempt;
    if ("found" in expected) {
      assert.deepEqual(sorted(lease.ports), sorted(expected.found.ports));
      return;
    }
    assert.equal(new Set(lease.ports).size, count);
    assert.ok(lease.ports.every((port) => expected.among.includes(port)));
    this.#handles.push({ lease, naive: this.#model.grant(pid, request, lease.ports) });
  }

  async #die(at: number): Promise<void> {
    const { pid } = this.#processes[at]!;
    this.#world.machine.kill(pid);
    this.#model.die(pid);
    for (const [index, { lease }] of [...this.#handles.entries()].toReversed()) {
      if (!this.#isAlive(lease)) this.#handles.splice(index, 1);
    }
    const next = ++this.#lastPid;
    this.#processes[at] = { pid: next, registry: await this.#world.enter(next) };
  }

  #isAlive({ holder, id }: Lease): boolean {
    // The handle is its maker's, who can have died though the holder has not.
    const maker = Number(id.split("-")[1]);
    return [holder.pid, maker].every((pid) => this.#processes.some((process) => process.pid === pid));
  }

  #anybody(): Registry {
    return this.#processes[0]!.registry;
  }
}

interface Named {
  readonly name?: string | null | undefined;
  readonly ports: readonly number[];
}

function shown(lease: Named, pid: number): string {
  return `${lease.name ?? "-"} ${sorted(lease.ports).join()} of ${pid}`;
}
