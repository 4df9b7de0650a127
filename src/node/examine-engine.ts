// What the doctor says of a registry on an engine: whether it answers, what it can do, and whether the records of this
// scope are in order. It repairs nothing there: what an engine has lost or damaged comes back from its own replicas and
// backups, and many machines are at work on it.

import type { Engine, Store } from "../contract/index.ts";
import { PortError } from "../core/index.ts";
import { audit, readScope } from "../registry/audit.ts";
import { holdersByHost, holdersBySession } from "../registry/index.ts";
import { systemChance, systemClock } from "./clock.ts";
import type { Diagnosis, Finding, Repair } from "./doctor.ts";
import { describeRecords, findHost, toFinding } from "./examine.ts";
import { worldOn } from "./open.ts";
import { machineFindings, ownNodeFinding } from "./runtime-findings.ts";
import { scopeFromEnvironment } from "./scope.ts";

const ADVICE =
  "what an engine keeps is repaired by its own means: restore a backup of it, or `moorage import` one";

export async function examineEngine(engine: Engine): Promise<Diagnosis> {
  const findings: Finding[] = [ownNodeFinding()];
  const host = findHost(findings);
  if (host) findings.push(...(await machineFindings(host)));
  let store: Store | undefined;
  try {
    store = await engine.open({ clock: systemClock, chance: systemChance });
    findings.push(engineFinding(engine, store));
    if (host) {
      const scope = scopeFromEnvironment(process.env);
      const world = await worldOn(store, { host, scope }, { quarantineMs: 0, findRun: () => undefined });
      // A session is not begun before something is granted.
      const holders = store.expiring
        ? holdersBySession(world, store.expiring, store.expiring.ttl.least)
        : holdersByHost(world);
      findings.push({ check: "scopes", state: "ok", message: world.scope });
      const found = await audit({ ...world, holders }, await readScope({ ...world, holders }));
      findings.push(...found.issues.map((issue) => ({ ...toFinding("records", issue), advice: ADVICE })));
      if (found.issues.length === 0) {
        findings.push({ check: "records", state: "ok", message: describeRecords(found) });
      }
    }
  } catch (error) {
    if (!PortError.is(error) && !(error instanceof RangeError)) throw error;
    const check = store ? "scopes" : "engine";
    findings.push({ check, state: "problem", message: error.message });
  } finally {
    await store?.close();
  }
  return { directory: null, healthy: !findings.some(({ state }) => state === "problem"), findings };
}

export async function refuseRepair(engine: Engine): Promise<Repair> {
  return { done: [], refused: [`${engine.name}: ${ADVICE}`], diagnosis: await examineEngine(engine) };
}

function engineFinding({ name }: Engine, { epoch, limits, expiring }: Store): Finding {
  const at = `${name}: epoch ${epoch}, at most ${limits.changes} changes in a commit`;
  if (!expiring) {
    const message = `${at}; it lets no slots expire, so only processes of one machine can share it`;
    return { check: "engine", state: "warning", message };
  }
  const { least, step } = expiring.ttl;
  return {
    check: "engine",
    state: "ok",
    message: `${at}; sessions of ${least} ms and more, in steps of ${step} ms`,
  };
}
