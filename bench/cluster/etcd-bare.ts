// The floor of the etcd store: its gateway and node:http, and nothing around them.

import { Agent, request } from "node:http";
import type { Bare } from "./engine.ts";

export async function openBare(
  { endpoints }: { readonly endpoints: readonly string[] },
  outstanding: number,
): Promise<Bare> {
  const { hostname: host, port } = new URL(endpoints[0]!);
  const agent = new Agent({ keepAlive: true, maxSockets: outstanding });
  const post = async (body: string): Promise<string> =>
    await new Promise((resolve, reject) => {
      // As a list, headers take Node less to write.
      const length = `${Buffer.byteLength(body)}`;
      const headers = [
        "host",
        `${host}:${port}`,
        "content-type",
        "application/json",
        "content-length",
        length,
      ];
      const outgoing = request(
        { host, port, path: "/v3/kv/txn", method: "POST", agent, headers },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.on("end", () => resolve(Buffer.concat(chunks).toString()));
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  return {
    async write(slot, revision, value) {
      const key = Buffer.from(`bare/${slot}`).toString("base64");
      const put = { key, value: Buffer.from(value).toString("base64") };
      const compare = [{ target: "MOD", key, mod_revision: `${revision}` }];
      const answer = await post(JSON.stringify({ compare, success: [{ request_put: put }] }));
      const { succeeded, header } = JSON.parse(answer) as {
        succeeded?: boolean;
        header: { revision: string };
      };
      if (!succeeded) throw new Error(`refused: ${answer}`);
      return Number(header.revision);
    },
    close: async () => agent.destroy(),
  };
}
