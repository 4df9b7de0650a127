// The keys that a store has in etcd, and the format they are in.
//
//     <prefix>/format               the number of the format
//     <prefix>/v1/epoch             the epoch, and of which cluster
//     <prefix>/v1/tick              written by commits that change nothing, for a revision of their own
//     <prefix>/v1/s/<scope>/<key>   one for each slot: the place of the commit that wrote it among those of its
//                                   transaction, ":" and the value; the revision is 128 times the mod_revision and the place
//
// Scopes are written as in a URL, so that none is the beginning of another.

import { PortError } from "../../core/index.ts";
import type { Client } from "./client.ts";
import { damaged } from "./failure.ts";
import { type Compare, decode, encode, type KeyValue, type RequestOp, type TxnAnswer } from "./messages.ts";

/** The format that this version makes, and the only one it knows. */
const FORMAT = 1;

export class Keys {
  readonly #prefix: string;
  readonly #scopes = new Map<string, { readonly prefix: string; readonly bytes: number }>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  get format(): string {
    return `${this.#prefix}/format`;
  }

  get epoch(): string {
    return `${this.#prefix}/v1/epoch`;
  }

  get tick(): string {
    return `${this.#prefix}/v1/tick`;
  }

  /** What the keys of all slots of a scope begin with. */
  scope(scope: string): string {
    return this.#of(scope).prefix;
  }

  /** How many bytes that is. */
  scopeBytes(scope: string): number {
    return this.#of(scope).bytes;
  }

  slot(scope: string, key: string): string {
    return this.scope(scope) + key;
  }

  #of(scope: string): { readonly prefix: string; readonly bytes: number } {
    const known = this.#scopes.get(scope);
    if (known) return known;
    const prefix = `${this.#prefix}/v1/s/${encodeURIComponent(scope)}/`;
    const made = { prefix, bytes: Buffer.byteLength(prefix) };
    this.#scopes.set(scope, made);
    return made;
  }
}

/** The epoch of the tokens, and the cluster that their revisions are of. */
interface Epoch {
  readonly epoch: number;
  readonly cluster: string;
}

/**
 * The epoch of the store; the format and the first epoch are written where there is nothing yet. A cluster that was made
 * anew from a backup counts its revisions from there once more: when it is another one than the epoch is of, the next
 * epoch begins.
 *
 * @throws PortError `STORE_TOO_NEW`, `STORE_DAMAGED`, `STORE_UNAVAILABLE`.
 */
export async function openEpoch(client: Client, keys: Keys): Promise<number> {
  for (;;) {
    const read: RequestOp[] = [
      { request_range: { key: encode(keys.format) } },
      { request_range: { key: encode(keys.epoch) } },
    ];
    const found = await client.ask<TxnAnswer>("/v3/kv/txn", { success: read }, { isRead: true });
    const [format, epoch] = (found.responses ?? []).map(({ response_range: range }) => range?.kvs?.[0]);
    const { cluster_id: cluster } = found.header;
    expectFormat(client.name, format);
    const known = readEpoch(client.name, epoch);
    if (known?.cluster === cluster) return known.epoch;
    const next: Epoch = { epoch: (known?.epoch ?? 0) + 1, cluster };
    const written = await client.ask<TxnAnswer>("/v3/kv/txn", {
      compare: [unchanged(keys.format, format), unchanged(keys.epoch, epoch)],
      success: [
        { request_put: { key: encode(keys.format), value: encode(`${FORMAT}`) } },
        { request_put: { key: encode(keys.epoch), value: encode(JSON.stringify(next)) } },
      ],
    });
    if (written.succeeded) return next.epoch;
    // Another client did it meanwhile, or this one by a try that was not answered.
  }
}

/** Writes down an epoch of at least this number: it is that of stores that are opened from now on. */
export async function raiseEpoch(client: Client, keys: Keys, least: number): Promise<void> {
  for (;;) {
    const read: RequestOp[] = [{ request_range: { key: encode(keys.epoch) } }];
    const found = await client.ask<TxnAnswer>("/v3/kv/txn", { success: read }, { isRead: true });
    const slot = found.responses?.[0]?.response_range?.kvs?.[0];
    const known = readEpoch(client.name, slot);
    if (known && known.epoch >= least) return;
    const { cluster = found.header.cluster_id } = known ?? {};
    const written = await client.ask<TxnAnswer>("/v3/kv/txn", {
      compare: [unchanged(keys.epoch, slot)],
      success: [
        { request_put: { key: encode(keys.format), value: encode(`${FORMAT}`) } },
        {
          request_put: { key: encode(keys.epoch), value: encode(JSON.stringify({ epoch: least, cluster })) },
        },
      ],
    });
    if (written.succeeded) return;
  }
}

function unchanged(key: string, found: KeyValue | undefined): Compare {
  return { target: "MOD", key: encode(key), mod_revision: found?.mod_revision ?? "0" };
}

function expectFormat(name: string, found: KeyValue | undefined): void {
  if (!found) return;
  const text = decode(found.value);
  const format = /^\d+$/u.test(text) ? Number(text) : NaN;
  if (format === FORMAT) return;
  if (!(format > FORMAT)) throw damaged(name, `its format is ${JSON.stringify(text)}`);
  const message =
    `what ${name} has is of format ${format}, this version of Moorage knows up to ${FORMAT}: ` +
    "use the newer version, or another prefix";
  throw new PortError("STORE_TOO_NEW", message, { path: name, format, supported: FORMAT });
}

function readEpoch(name: string, found: KeyValue | undefined): Epoch | undefined {
  if (!found) return undefined;
  const text = decode(found.value);
  try {
    const { epoch, cluster } = JSON.parse(text) as Partial<Epoch>;
    if (Number.isSafeInteger(epoch) && typeof cluster === "string") return { epoch: epoch!, cluster };
  } catch {
    // As below.
  }
  throw damaged(name, `its epoch is ${JSON.stringify(text)}`);
}
