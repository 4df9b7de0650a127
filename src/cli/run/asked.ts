// What is to be run: a command, or services of the config with commands of their own.

import { PortError } from "../../core/index.ts";
import { type Config, servicesOf } from "../../project/index.ts";

/** How `run` was called. */
export interface Words {
  /** What follows the options. */
  readonly words: readonly string[];
  /** Whether `--` stands before them: then they are a command, whatever services are called. */
  readonly isLiteral: boolean;
  readonly group: string | undefined;
}

export type Asked =
  | {
      readonly kind: "command";
      readonly command: readonly [string, ...string[]];
      /** All services of the group that was named. */
      readonly group: readonly string[];
      /** The services that could have been meant, should there be no such command. */
      readonly alternatives: readonly string[];
    }
  | { readonly kind: "services"; readonly services: readonly string[] };

/**
 * Words are services when each of them is called as one of the config; no words are those of the group, or all that have
 * a command.
 *
 * @throws RangeError when there is nothing to run; PortError `INVALID_CONFIG` for a service without a command.
 */
export function whatToRun({ words, isLiteral, group }: Words, config: () => Config): Asked {
  const ofGroup = group === undefined ? [] : servicesOf(config(), group);
  const [first, ...others] = words;
  if (first === "") {
    throw new RangeError("`command`: expected the name of a command, received an empty text");
  }
  const areServices = !isLiteral && words.every((word) => config().services.has(word));
  if (first !== undefined && !areServices) {
    const alternatives = isLiteral ? [] : [...config().services.keys()];
    return { kind: "command", command: [first, ...others], group: ofGroup, alternatives };
  }
  const named = [...new Set([...words, ...ofGroup])];
  const services = named.length > 0 ? named : withCommand(config());
  for (const service of services) expectCommand(config(), service);
  return { kind: "services", services };
}

function withCommand(config: Config): string[] {
  const found = [...config.services.values()].filter(({ command }) => command !== null);
  if (found.length > 0) return found.map(({ name }) => name);
  const why =
    config.file === null ? "there is no moorage.json here" : `no service of ${config.file} has a \`command\``;
  throw new RangeError(
    `\`command\`: expected one, as in \`moorage run -- npm run dev\`, for ${why}, received nothing`,
  );
}

function expectCommand({ file, services }: Config, service: string): void {
  if (services.get(service)?.command) return;
  const path = file ?? "";
  const at = `services.${service}`;
  const message = `${path}: \`${at}\`: it has no \`command\` to run; give it one, or say one: \`moorage run --name ${service} -- COMMAND\``;
  throw new PortError("INVALID_CONFIG", message, { path, at });
}
