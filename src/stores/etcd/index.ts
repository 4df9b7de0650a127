/**
 * etcd as the store of a registry: one registry for many machines.
 *
 * @module
 */

export { etcd } from "./engine.ts";
export { type EtcdOptions, parseEtcdUrl } from "./options.ts";
export type { TlsOptions } from "./transport.ts";
