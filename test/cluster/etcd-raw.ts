// What a test does to an etcd behind the store's back: requests to its gateway, as any other program makes them.

/** @returns the answer; rejects when it is an error. */
export async function askEtcd(url: string, path: string, message: object, token?: string): Promise<unknown> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: token };
  const answer = await fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(message) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${text}`);
  return JSON.parse(text);
}

function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}

export async function putRaw(url: string, key: string, value: string): Promise<void> {
  await askEtcd(url, "/v3/kv/put", { key: encode(key), value: encode(value) });
}

export async function getRaw(url: string, key: string): Promise<string | undefined> {
  const { kvs = [] } = (await askEtcd(url, "/v3/kv/range", { key: encode(key) })) as {
    kvs?: { value?: string }[];
  };
  return kvs[0] && Buffer.from(kvs[0].value ?? "", "base64").toString();
}

/** The keys that begin with `prefix`. */
export async function keysOf(url: string, prefix: string): Promise<string[]> {
  const request = { key: encode(prefix), range_end: encode(`${prefix}\u{10ffff}`), keys_only: true };
  const { kvs = [] } = (await askEtcd(url, "/v3/kv/range", request)) as { kvs?: { key: string }[] };
  return kvs.map(({ key }) => Buffer.from(key, "base64").toString());
}

/** How many transactions have written something so far, and one. */
export async function revisionNow(url: string): Promise<number> {
  const { header } = (await askEtcd(url, "/v3/kv/range", { key: encode("x") })) as {
    header: { revision: string };
  };
  return Number(header.revision);
}

/** Forgets all that was before now. */
export async function compact(url: string): Promise<void> {
  await askEtcd(url, "/v3/kv/compaction", { revision: `${await revisionNow(url)}`, physical: true });
}
