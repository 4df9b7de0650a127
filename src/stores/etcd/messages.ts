// The messages of etcd's JSON gateway, as far as they are used here (etcd's rpc.proto, in the mapping of proto3 to JSON):
// 64-bit numbers are texts, bytes are base64, and what is zero or empty is left out.

export interface Header {
  readonly cluster_id: string;
  readonly raft_term?: string;
  readonly revision?: string;
}

export interface KeyValue {
  readonly key: string;
  readonly mod_revision: string;
  readonly value?: string;
  readonly lease?: string;
}

export interface RangeRequest {
  readonly key: string;
  readonly range_end?: string;
  readonly limit?: string;
  readonly revision?: string;
}

export interface RangeAnswer {
  readonly header: Header;
  readonly kvs?: readonly KeyValue[];
  readonly more?: boolean;
}

interface PutRequest {
  readonly key: string;
  readonly value: string;
  readonly lease?: string;
}

export type RequestOp =
  | { readonly request_range: RangeRequest }
  | { readonly request_put: PutRequest }
  | { readonly request_delete_range: { readonly key: string } }
  | { readonly request_txn: TxnRequest };

/** The key is to have this revision; "0": there is to be none. */
export interface Compare {
  readonly target: "MOD";
  readonly key: string;
  readonly mod_revision: string;
}

export interface TxnRequest {
  readonly compare?: readonly Compare[];
  readonly success?: readonly RequestOp[];
  readonly failure?: readonly RequestOp[];
}

export interface TxnAnswer {
  readonly header: Header;
  readonly succeeded?: boolean;
  readonly responses?: readonly {
    readonly response_range?: Omit<RangeAnswer, "header">;
    readonly response_txn?: Omit<TxnAnswer, "header">;
  }[];
}

export interface LeaseAnswer {
  readonly header: Header;
  readonly ID: string;
  /** In seconds; left out when it is 0: there is no such lease any more. */
  readonly TTL?: string;
}

export interface WatchAnswer {
  readonly events?: readonly { readonly type?: "DELETE"; readonly kv: KeyValue }[];
  readonly canceled?: boolean;
}

/** What the gateway answers instead: of a stream under `error`. The code is gRPC's. */
export interface ErrorAnswer {
  readonly error?: string | { readonly message?: string; readonly grpc_code?: number };
  readonly message?: string;
  readonly code?: number;
}

export function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}

export function decode(base64: string | undefined): string {
  return base64 === undefined ? "" : Buffer.from(base64, "base64").toString();
}

/** The end of the range of all keys that begin with `prefix`, which ends in an ASCII character. */
export function endOf(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}
