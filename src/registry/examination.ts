// Whether a place that was claimed can be had: its guards are taken, its ports are held, or asked for in the kernel. It is kept
// as a whole or given up.

import type { Claim, Verdict } from "../contract/index.ts";
import { PortError, type Transport } from "../core/index.ts";
import type { Guarding } from "./guarding.ts";
import type { Candidate } from "./judge.ts";
import type { Request } from "./request.ts";
import type { World } from "./world.ts";

/** The port of a place that cannot be had, and what is there. */
export interface Unavailable {
  readonly port: number;
  readonly verdict: "guarded" | "stranger" | "forbidden";
}

type Examined = Unavailable["verdict"] | "free";

export class Examination {
  readonly #world: World;
  readonly #request: Request;
  readonly #claim: Claim;

  constructor(world: World, request: Request, claim: Claim) {
    this.#world = world;
    this.#request = request;
    this.#claim = claim;
  }

  /** `undefined`: the place can be had, and is guarded and held. */
  async of(place: readonly Candidate[], guarding: Guarding): Promise<Unavailable | undefined> {
    for (const { protocol, port, shares } of usesOf(place)) {
      const secured = this.#secure(guarding, protocol, port, shares);
      const verdict = secured === "unknown" ? await this.#ask(protocol, port, shares) : secured;
      if (verdict === "free") continue;
      const ports = place.map((candidate) => candidate.port);
      guarding.release(this.#claim.lease, this.#request.protocols, ports);
      return { port, verdict };
    }
    return undefined;
  }

  /** Takes the guard and the hold of a port, at once; `unknown` where that does not say whether it is free. */
  #secure(guarding: Guarding, protocol: Transport, port: number, shares: boolean): Examined | "unknown" {
    const { lease, guarded, held } = this.#claim;
    const { guards } = this.#world.host;
    if (guarded && !guarding.take(lease, protocol, port, shares)) {
      // Asked, so that whoever has it without a lease any more lets it go.
      void guards?.isHeld(protocol, port).catch(() => undefined);
      return "guarded";
    }
    if (!held || protocol !== "tcp") return "unknown";
    return this.#judge(guarding.hold(lease, port, this.#request.bindingsAt(protocol, port)));
  }

  /** Asks who has the guard, where this lease has none, and looks at the kernel. */
  async #ask(protocol: Transport, port: number, shares: boolean): Promise<Examined> {
    const { host } = this.#world;
    const { guarded } = this.#claim;
    // A lease of another process has no guard of its own, but respects those of others.
    if (!guarded && !shares && (await host.guards?.isHeld(protocol, port))) return "guarded";
    const { signal } = this.#request;
    return this.#judge(await host.look(this.#request.bindingsAt(protocol, port), { signal }));
  }

  #judge(verdict: Verdict): Exclude<Verdict, "no-address"> {
    if (verdict !== "no-address") return verdict;
    const input = this.#request.addresses.join(", ");
    const message = `\`address\`: this machine does not have the address ${input}`;
    throw new PortError("INVALID_ADDRESS", message, { input, position: 0 });
  }
}

/** Each use of a port of this host in a place, and whether a guarded lease stays beside it. */
function usesOf(
  place: readonly Candidate[],
): { readonly protocol: Transport; readonly port: number; readonly shares: boolean }[] {
  return place.flatMap(({ port, slots }) =>
    slots
      .filter(({ scope }) => scope === undefined)
      .map(({ protocol, isGuarded }) => ({ protocol, port, shares: isGuarded })),
  );
}
