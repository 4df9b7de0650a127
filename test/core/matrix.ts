// Reads the measured conflict matrices: what the Linux kernel answered for every ordered pair of sockets.
//
// Row i, column j: socket i exists and socket j comes second. "X": its bind fails. "L": it binds, but
// whichever of the two listens last is refused. "O": nothing is refused.

import { readFileSync } from "node:fs";
import { type Binding, bindingOf } from "../../src/core/binding.ts";

export interface SocketKind {
  readonly kind: "tcp-bound" | "tcp-listen" | "udp";
  readonly addr: string;
  readonly v6only: boolean;
  readonly reuseAddr: boolean;
  readonly reusePort: boolean;
  readonly device: string | null;
}

export interface Matrix {
  readonly specs: readonly SocketKind[];
  /** Both sockets are of one user. */
  readonly sameUid: readonly string[];
  /** The second socket is another user's. */
  readonly differentUid: readonly string[];
}

export function loadMatrix(name: "matrix.compact" | "matrix.node"): Matrix {
  return JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), "utf8")) as Matrix;
}

export function bindingOfKind(kind: SocketKind, user: number): Binding {
  return bindingOf({
    protocol: kind.kind === "udp" ? "udp" : "tcp",
    address: kind.addr,
    port: 4000,
    v6only: kind.v6only,
    reuseAddress: kind.reuseAddr,
    reusePort: kind.reusePort,
    device: kind.device ?? "",
    user,
    listening: kind.kind === "tcp-listen",
  });
}

/** Calls `visit` for every cell of both grids and says how many there were. */
export function eachPair(
  matrix: Matrix,
  visit: (first: Binding, second: Binding, code: string) => void,
): number {
  let pairs = 0;
  for (const [grid, user] of [[matrix.sameUid, 0] as const, [matrix.differentUid, 1] as const]) {
    const firsts = matrix.specs.map((kind) => bindingOfKind(kind, 0));
    const seconds = matrix.specs.map((kind) => bindingOfKind(kind, user));
    for (const [row, first] of firsts.entries()) {
      for (const [column, second] of seconds.entries()) {
        visit(first, second, grid[row]![column]!);
        pairs++;
      }
    }
  }
  return pairs;
}
