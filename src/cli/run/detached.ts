// A service whose command ends and leaves its server to somebody else, as `docker compose up -d` does. The lease goes to
// whoever listens on the port then.

import type { Listener } from "../../contract/index.ts";
import { type Lease, PortError } from "../../node/index.ts";
import { formatHolder, formatPorts } from "../../registry/index.ts";
import { listenersOn } from "../../report/listeners.ts";
import { poll } from "../../report/poll.ts";
import { say } from "../output.ts";

/** How long a listener is waited for when the command has ended. */
const LISTENER_SECONDS = 10;

/**
 * Leaves a lease to whoever listens on its port. Where nobody does in time, or it cannot be seen who it is, there is no
 * lease, and the name keeps the port. Says which.
 */
export async function leaveToListener(lease: Lease, label: string, isStopping: () => boolean): Promise<void> {
  const ports = formatPorts(lease.ports);
  let listeners: readonly Listener[] = [];
  const look = async (): Promise<boolean> => {
    listeners = await listenersOn(lease.ports);
    return listeners.length > 0 || isStopping();
  };
  if (!(await poll(look, { seconds: LISTENER_SECONDS }))) {
    say(`moorage: ${label}: nothing listens on ${ports}, ${LISTENER_SECONDS} s after its command has ended`);
    return;
  }
  for (const { pid } of listeners.flatMap(({ owners }) => owners)) {
    if (pid === process.pid) continue;
    const holder = await handTo(lease, pid);
    if (!holder) continue;
    say(`moorage: ${label} runs in the background on ${ports}: ${formatHolder(holder)}`);
    return;
  }
  say(
    `moorage: ${label} runs in the background on ${ports}, as a process that cannot be seen from here: there is no lease, and the name keeps the port`,
  );
}

async function handTo(lease: Lease, pid: number): Promise<Lease["holder"] | undefined> {
  try {
    return (await lease.transfer(pid)).holder;
  } catch (error) {
    if (PortError.is(error) && error.code === "PROCESS_NOT_FOUND") return undefined;
    throw error;
  }
}
