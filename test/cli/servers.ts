// Servers as a test of the command line starts them: they say when they listen, and end when their input ends.

import { existsSync } from "node:fs";
import { injected } from "./moorage.ts";

export interface ServerOptions {
  /** @default "::" */
  readonly address?: string;
  /** @default "tcp" */
  readonly protocol?: "tcp" | "udp";
  /** Code that runs before it listens. */
  readonly setup?: string;
}

/** The arguments of Node for a server, which prints "up", and "met" for each client. */
export function serverOn(port: number | string, options: ServerOptions = {}): string[] {
  const { address = "::", protocol = "tcp", setup = "" } = options;
  const up = '() => console.log("up")';
  const listen =
    protocol === "tcp"
      ? `require("net").createServer(() => console.log("met")).listen(${port}, "${address}", ${up})`
      : `require("dgram").createSocket("${address.includes(":") ? "udp6" : "udp4"}").bind(${port}, "${address}", ${up})`;
  const wait = 'process.stdin.resume().on("end", () => process.exit())';
  return ["-e", `${setup}; ${listen}; ${wait}`];
}

/** Without /proc nobody tells who listens. */
export const SEES_LISTENERS: boolean = existsSync("/proc/self/net/tcp");

export const IS_ROOT: boolean = process.getuid?.() === 0;

const NOBODY = 65534;

/** The environment of a Node program that is nobody's from its beginning. */
export function asNobody(): NodeJS.ProcessEnv {
  return injected(`process.setgroups([]); process.setgid(${NOBODY}); process.setuid(${NOBODY})`);
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
