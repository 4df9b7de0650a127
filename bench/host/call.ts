// A process that calls listeners() once, and says what that took.

import { listeners } from "moorage";

/** What one call found and took, in milliseconds. */
export interface Call {
  readonly sockets: number;
  /** Of them, those whose owners were told. */
  readonly owned: number;
  readonly cpu: number;
  readonly wall: number;
}

const [port] = process.argv.slice(2).map(Number);

const [began, before] = [performance.now(), process.cpuUsage()];
const found = await listeners(port === undefined ? {} : { port });
const { user, system } = process.cpuUsage(before);
const call: Call = {
  sockets: found.length,
  owned: found.filter(({ owners }) => owners.length > 0).length,
  cpu: (user + system) / 1000,
  wall: performance.now() - began,
};
process.send!(call);
process.disconnect();
