// etcd as an engine of a registry.

import type { Engine } from "../../contract/index.ts";
import { Client } from "./client.ts";
import { checkOptions, type EtcdOptions } from "./options.ts";
import { openEtcdStore } from "./store.ts";

/**
 * A registry's store in etcd, version 3.4 or newer, for `open({ store })`. It speaks to the JSON gateway that every member
 * has on its client port.
 *
 * @throws TypeError, RangeError that name the option.
 *
 * @example
 * const registry = await open({ store: etcd({ endpoints: ["http://10.0.0.1:2379", "http://10.0.0.2:2379"] }) });
 */
export function etcd(options: EtcdOptions): Engine {
  const { prefix, ...settings } = checkOptions(options);
  const name = `etcd at ${settings.endpoints.map(({ origin }) => origin).join(", ")}`;
  return {
    name,
    open: async (surroundings) => {
      const client = new Client({ name, ...settings, ...surroundings });
      return await openEtcdStore(client, prefix, surroundings);
    },
  };
}
