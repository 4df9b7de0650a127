// Three members of an etcd cluster, each in a network namespace of its own, and clients in another one that all of them
// are wired to: members can be killed, and cut off from one another while clients still reach them.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

import { type Child, startChildIn } from "../stores/child.ts";
import { EtcdServer, flagsOf, hasEtcd } from "./etcd-server.ts";

const NODES = [1, 2, 3] as const;
const NET = "10.77.0";
const SETTLE_MS = 30_000;

export type Node = (typeof NODES)[number];

/** Whether namespaces can be made and wired here. */
export const hasNodes =
  hasEtcd && spawnSync("unshare", ["--net", "ip", "link", "add", "hub", "type", "bridge"]).status === 0;

/** As a part of a test's name where they cannot. */
export const WITHOUT_NODES = hasNodes
  ? ""
  : " (skipped: etcd is not installed, or network namespaces cannot be made)";

interface Keeper {
  readonly process: ChildProcess;
  /** A command line that runs another one, given behind it, in the namespace. */
  readonly place: readonly string[];
}

/** A namespace that is there as long as a process. */
async function makeNamespace(): Promise<Keeper> {
  const script = "ip link set lo up && echo ready && exec cat";
  const keeper = spawn("unshare", ["--net", "sh", "-c", script], { stdio: ["pipe", "pipe", "inherit"] });
  await once(keeper.stdout, "data");
  return { process: keeper, place: ["nsenter", `--net=/proc/${keeper.pid}/ns/net`, "--"] };
}

function run(place: readonly string[], command: string): void {
  const [nsenter, ...parameters] = [...place, ...command.split(" ")];
  const { status, stderr } = spawnSync(nsenter!, parameters, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
}

export class Nodes {
  readonly #hub: Keeper;
  readonly #keepers: readonly Keeper[];
  readonly #servers: readonly EtcdServer[];
  /** Asks members who leads; it ends with the test that it was needed in. */
  #asker: Child | undefined;

  private constructor(hub: Keeper, keepers: readonly Keeper[]) {
    this.#hub = hub;
    this.#keepers = keepers;
    const cluster = NODES.map((node) => `node${node}=http://${addressOf(node)}:2380`).join(",");
    this.#servers = keepers.map(({ place }, at) => {
      const node = NODES[at]!;
      const flags = flagsOf(`node${node}`, urlOf(node), `http://${addressOf(node)}:2380`, cluster);
      return new EtcdServer({ place, flags });
    });
  }

  static async make(): Promise<Nodes> {
    const hub = await makeNamespace();
    const keepers = await Promise.all(NODES.map(makeNamespace));
    run(hub.place, "ip link add hub type bridge");
    run(hub.place, `ip addr add ${NET}.254/24 dev hub`);
    run(hub.place, "ip link set hub up");
    for (const [at, { process: keeper, place }] of keepers.entries()) {
      const node = NODES[at]!;
      run(hub.place, `ip link add wire${node} type veth peer name eth0 netns ${keeper.pid}`);
      run(hub.place, `ip link set wire${node} master hub up`);
      run(place, `ip addr add ${addressOf(node)}/24 dev eth0`);
      run(place, "ip link set eth0 up");
    }
    const nodes = new Nodes(hub, keepers);
    await nodes.start(...NODES);
    return nodes;
  }

  /** Where a client of the cluster runs. */
  get place(): readonly string[] {
    return this.#hub.place;
  }

  /** All endpoints, from a certain one on. */
  endpoints(first: Node = 1): string[] {
    return [0, 1, 2].map((step) => urlOf(NODES[(first - 1 + step) % NODES.length]!));
  }

  /** Starts members, and waits until they answer. A majority of them must be among those, or running. */
  async start(...nodes: readonly Node[]): Promise<void> {
    await Promise.all(nodes.map((node) => this.#servers[node - 1]!.start()));
  }

  async kill(...nodes: readonly Node[]): Promise<void> {
    await Promise.all(nodes.map((node) => this.#servers[node - 1]!.kill()));
  }

  /** Nothing goes from a member to the others any more, whatever connections there are. */
  cutOff(node: Node): void {
    for (const other of othersOf(node)) this.#route("add", node, other);
  }

  heal(node: Node): void {
    for (const other of othersOf(node)) this.#route("del", node, other);
  }

  /** The member that leads, by its own word and that of another one. */
  async leader(): Promise<Node> {
    const began = performance.now();
    while (performance.now() - began < SETTLE_MS) {
      const ids = await this.#statuses();
      const leads = NODES.find((_, at) => {
        const { id, leader } = ids[at]!;
        return id !== undefined && id === leader && ids.filter((other) => other.leader === id).length > 1;
      });
      if (leads !== undefined) return leads;
    }
    throw new Error("the cluster has no leader");
  }

  async end(): Promise<void> {
    await this.#asker?.end();
    await Promise.all(this.#servers.map((server) => server.end()));
    for (const { process: keeper } of [this.#hub, ...this.#keepers]) {
      const gone = once(keeper, "exit");
      keeper.kill("SIGKILL");
      await gone;
    }
  }

  /** What each member says of itself; nothing where it does not answer. */
  async #statuses(): Promise<readonly { readonly id?: string; readonly leader?: string }[]> {
    const isThere = this.#asker?.process.connected === true;
    this.#asker = isThere ? this.#asker! : startChildIn(this.place, "cluster/asker.mjs");
    this.#asker.send(NODES.map((node) => `${urlOf(node)}/v3/maintenance/status`));
    return (await this.#asker.next()) as { id?: string; leader?: string }[];
  }

  #route(verb: "add" | "del", node: Node, other: Node): void {
    run(this.#keepers[node - 1]!.place, `ip route ${verb} blackhole ${addressOf(other)}/32`);
  }
}

export function othersOf(node: Node): Node[] {
  return NODES.filter((other) => other !== node);
}

function addressOf(node: Node): string {
  return `${NET}.${node}`;
}

function urlOf(node: Node): string {
  return `http://${addressOf(node)}:2379`;
}
