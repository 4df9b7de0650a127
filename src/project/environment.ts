// The ports and URLs of services as variables, and in texts that refer to them.

import { PortError } from "../core/index.ts";
import { type Config, serviceOf } from "./config.ts";
import type { Place } from "./place.ts";
import { bracedIn, expandReferences, type Reference } from "./references.ts";
import { portVariable, urlVariable } from "./variables.ts";

/** Ports by the names of services. */
type Ports = ReadonlyMap<string, number>;

interface Setting {
  readonly config: Config;
  readonly place: Place;
  readonly ports: Ports;
}

/** These services, and those that their texts refer to, and so on. */
export function withReferred(config: Config, place: Place, services: Iterable<string>): string[] {
  const all = new Set(services);
  for (const name of all) {
    const { url, vars } = serviceOf(config, name, place);
    for (const text of [url, ...Object.values(vars)]) {
      for (const { reference } of bracedIn(text)) if (reference?.service) all.add(reference.service);
    }
  }
  return [...all];
}

/** The URL of a service. */
export function urlOf(setting: Setting, service: string): string {
  return expandFor(setting, service, serviceOf(setting.config, service, setting.place).url);
}

/** A text of a service with the ports and URLs that it refers to; what has no port is left as it is. */
function expandFor(setting: Setting, service: string, text: string): string {
  return expandReferences(text, (reference) => valueOf(setting, service, reference));
}

function valueOf(setting: Setting, own: string, { service, what }: Reference): string | undefined {
  const name = service ?? own;
  const port = setting.ports.get(name);
  if (port === undefined) return undefined;
  return what === "port" ? String(port) : urlOf(setting, name);
}

/** WEB_PORT and WEB_URL of each of these services. */
export function siblingVariables(setting: Setting, services: Iterable<string>): Record<string, string> {
  return Object.fromEntries(
    [...services].flatMap((name) => [
      [portVariable(name), String(setting.ports.get(name))],
      [urlVariable(name), urlOf(setting, name)],
    ]),
  );
}

/** What a service's command is told of itself: its port, by the variable that it reads, and its `vars`. */
export function ownVariables(setting: Setting, service: string): Record<string, string> {
  const { env, vars } = serviceOf(setting.config, service, setting.place);
  return { [env]: String(setting.ports.get(service)), ...expandVars(setting, service, vars) };
}

/**
 * The `vars` of all these services at once, for a file that they share.
 *
 * @throws PortError `INVALID_CONFIG` when two of them mean different things by one variable.
 */
export function sharedVariables(setting: Setting, services: Iterable<string>): Record<string, string> {
  const all = new Map<string, { readonly value: string; readonly owner: string }>();
  for (const owner of services) {
    const { vars } = serviceOf(setting.config, owner, setting.place);
    for (const [name, value] of Object.entries(expandVars(setting, owner, vars))) {
      const other = all.get(name);
      if (other && other.value !== value) {
        const path = setting.config.file ?? "";
        const at = `services.${owner}.vars.${name}`;
        const message = `${path}: \`${at}\`: ${other.owner} means another value by ${name}; ask for the variables of one of them, in its folder`;
        throw new PortError("INVALID_CONFIG", message, { path, at });
      }
      all.set(name, { value, owner });
    }
  }
  return Object.fromEntries([...all].map(([name, { value }]) => [name, value]));
}

function expandVars(
  setting: Setting,
  service: string,
  vars: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(vars).map(([name, text]) => [name, expandFor(setting, service, text)]),
  );
}
