// Whose ports a registry on an engine leases: this machine's, those of a host by its name, or those of a pool.

import type { Host, Store } from "../contract/index.ts";
import { describe, expectOptions } from "../core/expect.ts";
import { PortSet } from "../core/index.ts";
import { bindHost, bindPool, defaultPool, expectName, hostOfMany, type World } from "../registry/index.ts";
import { hostScope, poolScope } from "../registry/scope.ts";
import { machineFacts, machineName } from "./machine.ts";

/** The ports of one host, by a name that no other host has. */
export interface HostScope {
  readonly host: string;
}

/** A space of ports that belongs to no machine: one virtual address, a range that a load balancer has. */
export interface PoolScope {
  readonly pool: string;
  /** Its ports, as text or port numbers. To be said when it is made, and the same ever after. @default as it was made */
  readonly ports?: string | PortSet | Iterable<number> | undefined;
}

export type Scope = HostScope | PoolScope;

/** A scope as it was checked. */
export type KnownScope = HostScope | { readonly pool: string; readonly ports: PortSet | undefined };

/** The name of a scope on an engine. */
export function nameOfScope(scope: KnownScope | undefined, host: Host): string {
  if (scope && "pool" in scope) return poolScope(scope.pool);
  return hostScope(nameOfHost(scope, host));
}

function nameOfHost(scope: HostScope | undefined, host: Host): string {
  return scope?.host ?? machineName(machineFacts(), host);
}

/** What MOORAGE_SCOPE says; `undefined`: nothing. */
export function scopeFromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): KnownScope | undefined {
  const named = env["MOORAGE_SCOPE"];
  return named ? parseScope(named) : undefined;
}

/** What a scope decides of a world. */
export type Scoped = Pick<World, "scope" | "host" | "defaultPool" | "bounds">;

/** @throws TypeError or RangeError for what is no scope. */
export function expectScope(value: unknown): KnownScope {
  if (typeof value !== "object" || value === null || "host" in value === "pool" in value) {
    throw new TypeError(
      `\`scope\`: expected { host: "web-1" } or { pool: "vip-1", ports: "…" }, received ${describe(value)}`,
    );
  }
  if ("host" in value) {
    expectOptions("scope", value, ["host"]);
    return { host: expectName("scope.host", value.host) };
  }
  const { pool, ports } = value as PoolScope;
  expectOptions("scope", value, ["pool", "ports"]);
  return { pool: expectName("scope.pool", pool), ports: ports === undefined ? undefined : toPortSet(ports) };
}

/** "host/web-1", "pool/vip-1" or "pool/vip-1:30000-30009", as MOORAGE_SCOPE says it. */
function parseScope(text: string): KnownScope {
  const [, host, pool, ports] = /^(?:host\/(.+)|pool\/(.+?)(?::([\d,!-]+))?)$/u.exec(text) ?? [];
  if (host !== undefined) return expectScope({ host });
  if (pool !== undefined) return expectScope({ pool, ports });
  throw new RangeError(
    `\`MOORAGE_SCOPE\`: expected host/NAME, pool/NAME or pool/NAME:PORTS, received ${describe(text)}`,
  );
}

/**
 * Finds a scope on an engine, or makes it.
 *
 * @param scope of this machine when it is left out
 */
export async function enterScope(store: Store, host: Host, scope: KnownScope | undefined): Promise<Scoped> {
  const { hostname } = machineFacts();
  if (scope && "pool" in scope) {
    const pool = await bindPool(store, scope.pool, scope.ports);
    return {
      scope: pool.scope,
      host: withoutKernel(hostOfMany(host, hostname)),
      defaultPool: { ports: pool.ports, reserved: 0 },
      bounds: pool.ports,
    };
  }
  return {
    scope: await bindHost(store, nameOfHost(scope, host)),
    host: hostOfMany(host, hostname),
    defaultPool: defaultPool(host.settings()),
  };
}

/** A pool is in no kernel: nobody listens there whom one could ask, and nothing keeps its ports but their leases. */
function withoutKernel(host: Host): Host {
  return { ...host, guards: undefined, holds: undefined, listen: undefined, look: async () => "free" };
}

function toPortSet(ports: unknown): PortSet {
  if (ports instanceof PortSet) return ports;
  if (typeof ports === "string") return PortSet.parse(ports);
  if (typeof ports === "object" && ports !== null && Symbol.iterator in ports) {
    return PortSet.of(ports as Iterable<number>);
  }
  throw new TypeError(
    `\`scope.ports\`: expected text as in "30000-32767" or port numbers, received ${describe(ports)}`,
  );
}
