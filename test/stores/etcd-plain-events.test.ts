// The events of etcd's watch are taken apart as text: to the same as by JSON, or not at all.

import { describe, expect, it } from "vitest";

import { readPlainEvents } from "../../src/stores/etcd/plain-events.ts";

const HEADER =
  '"header":{"cluster_id":"14841639068965178418","member_id":"10276657743932975437","revision":"7","raft_term":"2"}';
const KV = '"key":"YQ==","create_revision":"2","mod_revision":"7","version":"3","value":"dg=="';
const line = (events: string): string => `{"result":{${HEADER},"events":[${events}]}}`;

describe("a line of events", () => {
  it("of one slot that was written is read as JSON reads it", () => {
    expect(readPlainEvents(line(`{"kv":{${KV}}}`))).toEqual({
      events: [{ kv: { key: "YQ==", mod_revision: "7", value: "dg==" } }],
    });
  });

  it("of several slots that were written is read in their order", () => {
    const other = KV.replace("YQ==", "Yg==").replace("dg==", "");
    expect(readPlainEvents(line(`{"kv":{${KV}}},{"kv":{${other}}}`))).toEqual({
      events: [
        { kv: { key: "YQ==", mod_revision: "7", value: "dg==" } },
        { kv: { key: "Yg==", mod_revision: "7", value: "" } },
      ],
    });
  });

  it.each([
    ["one that was written, and a removal", line(`{"kv":{${KV}}},{"type":"DELETE","kv":{"key":"YQ=="}}`)],
    ["followed by half of one", line(`{"kv":{${KV}}},{"kv":{`)],
    ["followed by nothing", line(`{"kv":{${KV}}},`)],
    ["a removal", line('{"type":"DELETE","kv":{"key":"YQ==","mod_revision":"7"}}')],
    ["one of a slot that expires", line(`{"kv":{${KV},"lease":"123"}}`)],
    [
      "one without a value",
      line('{"kv":{"key":"YQ==","create_revision":"2","mod_revision":"7","version":"3"}}'),
    ],
    [
      "one in another order",
      line('{"kv":{"create_revision":"2","key":"YQ==","mod_revision":"7","version":"3","value":"dg=="}}'),
    ],
    [
      "one with the version first",
      line('{"kv":{"key":"YQ==","create_revision":"2","version":"3","mod_revision":"7","value":"dg=="}}'),
    ],
    ["one and its former value", line(`{"kv":{${KV}},"prev_kv":{${KV}}}`)],
    ["the beginning of a watch", `{"result":{${HEADER},"created":true}}`],
    ["the end of a watch", `{"result":{${HEADER},"canceled":true,"compact_revision":"3"}}`],
    ["an error", '{"error":{"grpc_code":14,"message":"etcdserver: no leader"}}'],
    ["an unfinished line", line(`{"kv":{${KV}}}`).slice(0, -1)],
    ["nothing", ""],
  ])("that is %s is left to JSON", (_, text) => {
    expect(readPlainEvents(text)).toBeUndefined();
  });
});
