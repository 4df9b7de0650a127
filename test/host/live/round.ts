// One round: programs, sockets and holds come and go at random, and after every step the kernel, the table and
// the host are asked the same. All that happens follows from the seed, but for the ports that the kernel picks.

import type { Verdict } from "../../../src/contract/index.ts";
import { type Binding, bindingOf } from "../../../src/core/index.ts";
import { generator } from "../../core/generator.ts";
import { Namespace, type Program } from "./namespace.ts";
import { type EndpointPlan, type PickPlan, Plans, PORTS, type SocketPlan } from "./plans.ts";
import { showBinding, type Standing, Standings } from "./standing.ts";

const PROGRAMS_OF_A_KIND = 2;
const MOST_STANDING = 12;
const PROBES = 3;

/** What a round came upon; it ends at the first difference. */
export interface Seen {
  difference: string | undefined;
  steps: number;
  granted: number;
  refused: number;
  /** Where the kernel gave what the table refuses, which SO_REUSEPORT allows it. */
  laxer: number;
  /** Processes that were killed. */
  deaths: number;
  holds: number;
  /** Ports the kernel picked while others were held. */
  picksBesideHolds: number;
  /** Ports it picked among those of this round, when nothing stood there. */
  picksAmongPorts: number;
}

/** What a program says of a socket: "ok", or the name of an error. */
interface Told {
  readonly bind: string;
  readonly listen?: string;
}

export async function playRound(seed: number, steps: number): Promise<Seen> {
  const namespace = await Namespace.make();
  const round = new Round(namespace, new Plans(generator(seed)));
  try {
    await round.begin();
    while (round.seen.steps < steps && round.seen.difference === undefined) await round.step();
  } finally {
    await round.end();
  }
  return round.seen;
}

class Round {
  readonly seen: Seen = {
    difference: undefined,
    steps: 0,
    granted: 0,
    refused: 0,
    laxer: 0,
    deaths: 0,
    holds: 0,
    picksBesideHolds: 0,
    picksAmongPorts: 0,
  };
  readonly #namespace: Namespace;
  readonly #plans: Plans;
  readonly #standings = new Standings();
  readonly #strangers: Program[] = [];
  readonly #neighbours: Program[] = [];
  #ids = 0;

  constructor(namespace: Namespace, plans: Plans) {
    this.#namespace = namespace;
    this.#plans = plans;
  }

  async begin(): Promise<void> {
    for (let i = 0; i < PROGRAMS_OF_A_KIND; i++) {
      this.#strangers.push(await this.#namespace.startStranger());
      this.#neighbours.push(await this.#namespace.startNeighbour());
    }
  }

  async end(): Promise<void> {
    for (const program of [...this.#strangers, ...this.#neighbours]) await program.kill();
    await this.#namespace.end();
  }

  /** One change, and then what all say of it. */
  async step(): Promise<void> {
    this.seen.steps++;
    await this.#change();
    for (let probe = 0; probe < PROBES; probe++) {
      await this.#open(this.#plans.pick(this.#strangers), this.#plans.socket());
    }
    await this.#look(this.#plans.endpoints());
    await this.#hold(this.#plans.endpoints("tcp"));
    await this.#pick(this.#plans.ephemeral());
  }

  async #change(): Promise<void> {
    const standing = [...this.#standings.all];
    const isFull = standing.length >= MOST_STANDING;
    if (this.#plans.chance(0.01)) return await this.#kill();
    if (standing.length > 0 && (isFull || this.#plans.chance(0.3))) {
      return await this.#close(this.#plans.pick(standing));
    }
    const bound = standing.filter(({ canListen, bindings: [binding] }) => canListen && !binding!.listening);
    if (bound.length > 0 && this.#plans.chance(0.15)) return await this.#listen(this.#plans.pick(bound));
    const id = ++this.#ids;
    if (this.#plans.chance(0.3)) return await this.#hold(this.#plans.endpoints("tcp"), id);
    if (this.#plans.chance(0.3)) {
      return await this.#open(this.#plans.pick(this.#neighbours), this.#plans.nodeSocket(), id);
    }
    await this.#open(this.#plans.pick(this.#strangers), this.#plans.socket(), id);
  }

  /** A socket comes, and stays if it has an id. */
  async #open(program: Program, plan: SocketPlan, id?: number): Promise<void> {
    const objection = this.#standings.against(plan);
    const told = (await program.ask("open", { ...plan, id })) as Told;
    const binding = bindingOf(plan);
    // Node tells of both at once.
    const isBoth = this.#neighbours.includes(program);
    this.#compare("bind", binding, told.bind, objection.bind ?? (isBoth ? objection.listen : undefined));
    if (told.listen !== undefined && !objection.bind) {
      this.#compare("listen", binding, told.listen, objection.listen);
    }
    if (id === undefined || told.bind !== "ok" || (told.listen ?? "ok") !== "ok") return;
    if (objection.bind || objection.listen) {
      await program.ask("close", { id });
      return;
    }
    const connects = !isBoth && canConnect(plan) && this.#plans.chance(0.5);
    const canListen = !isBoth && !connects && plan.protocol === "tcp" && !plan.listening;
    this.#standings.add({ id, program, isHold: false, canListen, bindings: [binding] });
    if (connects) await program.ask("connect", { id });
  }

  async #listen(standing: Standing): Promise<void> {
    const [binding] = standing.bindings;
    const objection = this.#standings.againstListen(standing);
    const { listen } = (await standing.program.ask("listen", { id: standing.id })) as { listen: string };
    this.#compare("listen", binding!, listen, objection);
    if (listen !== "ok") return;
    if (objection) await this.#close(standing);
    else this.#standings.listen(standing);
  }

  async #close(standing: Standing): Promise<void> {
    await standing.program.ask("close", { id: standing.id });
    this.#standings.remove(standing);
  }

  /** A process ends with all it has, and another one comes in its place. */
  async #kill(): Promise<void> {
    const isStranger = this.#plans.chance(0.5);
    const programs = isStranger ? this.#strangers : this.#neighbours;
    const program = this.#plans.pick(programs);
    const at = programs.indexOf(program);
    await program.kill();
    this.seen.deaths++;
    for (const standing of this.#standings.all) {
      if (standing.program === program) this.#standings.remove(standing);
    }
    programs[at] = isStranger
      ? await this.#namespace.startStranger()
      : await this.#namespace.startNeighbour();
  }

  async #look(endpoints: readonly EndpointPlan[]): Promise<void> {
    const bindings = endpoints.map((endpoint) => ({
      ...endpoint,
      reuseAddress: endpoint.protocol === "tcp",
    }));
    const verdict = await this.#plans.pick(this.#neighbours).ask("look", { bindings: endpoints });
    this.#compareVerdict("look", endpoints, verdict, bindings);
  }

  /** A hold is taken, and stays if it has an id. */
  async #hold(endpoints: readonly EndpointPlan[], id?: number): Promise<void> {
    const bindings = endpoints.map((endpoint) => ({ ...endpoint, reuseAddress: true }));
    const program = this.#plans.pick(this.#neighbours);
    const verdict = await program.ask("hold", { bindings: endpoints, id });
    if (!this.#compareVerdict("hold", endpoints, verdict, bindings)) return;
    if (id === undefined || verdict !== "free") return;
    this.seen.holds++;
    this.#standings.add({ id, program, isHold: true, canListen: false, bindings: bindings.map(bindingOf) });
  }

  /** The kernel picks a port, which must be nobody's: for a connection on no address at all. */
  async #pick(plan: PickPlan): Promise<void> {
    const port = (await this.#plans.pick(this.#strangers).ask("pick", plan)) as number | string;
    if (typeof port === "string") return this.#differ(`the kernel picks no port for ${plan.how}: ${port}`);
    const there = this.#standings
      .bindings()
      .filter((one) => one.port === port && one.protocol === plan.protocol);
    const { how, protocol, address, v6only } = plan;
    const taken =
      how === "connect" ? there[0] : this.#standings.againstBind({ protocol, address, v6only, port });
    if (taken)
      this.#differ(`the kernel picks ${port} for ${how} on ${address}, where ${showBinding(taken)} is`);
    if ([...this.#standings.all].some(({ isHold }) => isHold)) this.seen.picksBesideHolds++;
    if (PORTS.includes(port)) this.seen.picksAmongPorts++;
  }

  /** Whether the host says what the table says of the bindings, and what is known of a look at a whole port. */
  #compareVerdict(
    what: string,
    endpoints: readonly EndpointPlan[],
    verdict: unknown,
    bindings: readonly (EndpointPlan & { readonly reuseAddress: boolean })[],
  ): boolean {
    const objection = bindings.map((binding) => this.#standings.againstBind(binding)).find((one) => one);
    const expected: Verdict = objection ? "stranger" : "free";
    const [{ protocol, address, port }] = endpoints as [EndpointPlan];
    const text = `${what} at ${protocol} ${port} on ${endpoints.map((one) => one.address).join(" and ")}`;
    if (verdict !== expected) this.#differ(`${text}: ${String(verdict)}, the table says ${expected}`);
    if (address !== "::") return verdict === expected;
    const there = this.#standings.bindings().filter((one) => one.port === port && one.protocol === protocol);
    // It sees all that listens and all UDP; of what is only bound, what has no SO_REUSEADDR.
    const seen = there.find((one) => protocol === "udp" || one.listening || !one.reuseAddress);
    if ((verdict === "stranger") !== (seen !== undefined)) {
      this.#differ(
        `${text}: ${String(verdict)}, beside ${seen ? showBinding(seen) : "nothing that it sees"}`,
      );
    }
    return verdict === expected;
  }

  #compare(call: string, binding: Binding, kernel: string, objection: Binding | undefined): void {
    const isRefused = kernel !== "ok";
    if (isRefused) this.seen.refused++;
    else this.seen.granted++;
    if (kernel !== "ok" && kernel !== "EADDRINUSE")
      return this.#differ(`${call} of ${showBinding(binding)}: ${kernel}`);
    if (isRefused === (objection !== undefined)) return;
    if (!isRefused && binding.reusePort) {
      this.seen.laxer++;
      return;
    }
    const table = objection ? `refuses it for ${showBinding(objection)}` : "allows it";
    this.#differ(`${call} of ${showBinding(binding)}: the kernel says ${kernel}, the table ${table}`);
  }

  #differ(what: string): void {
    this.seen.difference ??= `step ${this.seen.steps}: ${what}; there are ${String(this.#standings)}`;
  }
}

/** One that is bound to an address, and does not listen. */
function canConnect({ protocol, listening, address, reusePort }: SocketPlan): boolean {
  return (
    protocol === "tcp" && !listening && !reusePort && ["127.0.0.1", "127.0.0.2", "::1"].includes(address)
  );
}
