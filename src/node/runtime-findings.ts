// What the doctor says of the runtime and of the machine.

import type { Host } from "../contract/index.ts";
import { PortError } from "../core/index.ts";
import { bindingWay } from "../host/index.ts";
import { loadDriver, toText } from "../stores/sqlite/driver.ts";
import type { Finding } from "./doctor.ts";
import { settingsFindings } from "./settings-findings.ts";

/** `engines` of package.json. */
const OLDEST_NODE = { major: 20, minor: 19 };

export function runtimeFindings(): Finding[] {
  return [ownNodeFinding(), driverFinding()];
}

export function ownNodeFinding(): Finding {
  return nodeFinding(process.versions.node);
}

export function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isOld = major < OLDEST_NODE.major || (major === OLDEST_NODE.major && minor < OLDEST_NODE.minor);
  if (!isOld) return { check: "node", state: "ok", message: version };
  const oldest = `${OLDEST_NODE.major}.${OLDEST_NODE.minor}`;
  return { check: "node", state: "problem", message: version, advice: `use Node ${oldest} or newer` };
}

function driverFinding(): Finding {
  try {
    const driver = loadDriver();
    const database = driver.open(":memory:");
    const version = toText(database.prepare("SELECT sqlite_version() AS version").get()?.["version"]);
    database.close();
    return { check: "driver", state: "ok", message: `${driver.name}, SQLite ${version}` };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { check: "driver", state: "problem", message };
  }
}

export async function machineFindings(host: Host): Promise<Finding[]> {
  return [
    processFinding(host),
    await guardFinding(host),
    holdFinding(host, bindingWay()),
    networkFinding(host),
    ...settingsFindings(host),
  ];
}

function processFinding({ boot, self }: Host): Finding {
  if (boot !== "" && self.startTime !== 0) {
    return { check: "processes", state: "ok", message: "told apart by pid, start time and boot (/proc)" };
  }
  const message =
    "told apart by their pid alone on this system: a lease can outlive its holder until the pid is free again";
  return { check: "processes", state: "warning", message };
}

async function guardFinding({ guards }: Host): Promise<Finding> {
  if (!guards) {
    const message = "none on this system: only programs that share a state folder are kept apart";
    return { check: "guards", state: "warning", message };
  }
  try {
    // Any port will do: the question is whether it is answered.
    await guards.isHeld("tcp", 1);
    const message = "abstract unix sockets: ports are kept apart across users, folders and versions";
    return { check: "guards", state: "ok", message };
  } catch (error) {
    if (PortError.is(error) || !(error instanceof Error)) throw error;
    const advice = "allow unix sockets where this runs";
    return { check: "guards", state: "problem", message: `they cannot be reached: ${error.message}`, advice };
  }
}

/** @param way by which this runtime binds without listening */
export function holdFinding({ holds }: Pick<Host, "holds">, way: ReturnType<typeof bindingWay>): Finding {
  if (holds && way) {
    const which = way === "net.BoundSocket" ? way : `${way}, which this Node has in place of net.BoundSocket`;
    return {
      check: "hold",
      state: "ok",
      message: `by ${which}: TCP ports are kept until the server listens`,
    };
  }
  if (way) {
    const message =
      "does not hold: on this system, a bound socket would keep out the server that it is held for";
    return { check: "hold", state: "warning", message };
  }
  const message = "does not hold: this runtime can only bind a port in order to listen on it";
  return { check: "hold", state: "warning", message, advice: "use Node 24.19, 26.4 or newer" };
}

function networkFinding({ fingerprint }: Host): Finding {
  return { check: "network", state: "ok", message: `namespace ${fingerprint}` };
}
