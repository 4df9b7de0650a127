// What an etcd store is opened with: checked when it is said, with the name of what is wrong, and without a password.

import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { etcd, type EtcdOptions, parseEtcdUrl } from "../../src/stores/etcd/index.ts";
import { temporaryFolder } from "./folder.ts";

const HOST = "http://10.0.0.1:2379";
const PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

const urls: readonly (readonly [string, EtcdOptions])[] = [
  ["etcd://10.0.0.1", { endpoints: [HOST] }],
  ["etcd://10.0.0.1:4001,10.0.0.2/", { endpoints: ["http://10.0.0.1:4001", "http://10.0.0.2:2379"] }],
  ["etcd://[::1]:80,db.example", { endpoints: ["http://[::1]:80", "http://db.example:2379"] }],
  ["etcd://10.0.0.1/apps/shop", { endpoints: [HOST], prefix: "apps/shop" }],
  ["etcd://ann@10.0.0.1", { endpoints: [HOST], user: "ann", password: "" }],
  ["etcd://ann:p%40s:s%2F@10.0.0.1", { endpoints: [HOST], user: "ann", password: "p@s:s/" }],
  ["etcd://10.0.0.1/a%20b?tls=true", { endpoints: ["https://10.0.0.1:2379"], tls: {}, prefix: "a b" }],
];

const badUrls: readonly (readonly [string, RegExp])[] = [
  ["http://10.0.0.1", /^`url`: expected etcd:\/\/user/u],
  ["etcd:10.0.0.1", /^`url`: expected etcd:\/\/user/u],
  ["etcd://", /^`url`: expected etcd:\/\/host:2379 or .*, received one that names no host$/u],
  ["etcd:///shop", /received one that names no host$/u],
  ["etcd://ann:secret@/shop", /^(?!.*secret).* received one that names no host$/u],
  ["etcd://a,,b", /^`url`: .* received one with a host that has no name$/u],
  ["etcd://:2379", /received one with a host that has no name$/u],
  ["etcd://a:99999", /`endpoints\[0\]`/u],
  ["etcd://a?tsl=true", /unknown parameter `tsl`; known are tls, ca, cert, key/u],
  ["etcd://a?tls=yes", /expected tls=true, received tls=yes/u],
  [
    "etcd://a?ca=/none/there.pem",
    /a file that can be read for ca, received the string "\/none\/there.pem": ENOENT/u,
  ],
  ["etcd://a/x//y", /`prefix`: expected names/u],
  ["etcd://ann:12/x@a", /^`url`: expected etcd:.* \(%2F for \/, %40 for @\), received another text$/u],
  ["etcd://ann:100%@a", /"%" to be written as %25/u],
];

const badOptions: readonly (readonly [unknown, RegExp])[] = [
  [undefined, /^etcd\(\): expected an options object, received undefined$/u],
  [{ endpoints: [HOST], host: "a" }, /^etcd\(\): unknown option `host`; known are endpoints, user/u],
  [{ endpoints: HOST }, /^`endpoints`: expected a list of URLs, received the string/u],
  [{ endpoints: [] }, /^`endpoints`: expected at least one URL, received none$/u],
  [{ endpoints: [HOST, 2379] }, /^`endpoints\[1\]`: expected a string, received 2379$/u],
  [{ endpoints: ["10.0.0.1:2379"] }, /^`endpoints\[0\]`: expected http:\/\/host:port/u],
  [{ endpoints: ["http://a/v3"] }, /^`endpoints\[0\]`/u],
  [
    { endpoints: ["http://ann:secret@a"] },
    /received one with a user; that goes into `user` and `password`$/u,
  ],
  [{ endpoints: [HOST], password: "secret" }, /^`password`: expected a `user` with it, received none$/u],
  [{ endpoints: [HOST], user: 7 }, /^`user`: expected a string/u],
  [{ endpoints: [HOST], timeoutMs: 0 }, /^`timeoutMs`: expected a whole number from 1/u],
  [{ endpoints: [HOST], prefix: "" }, /^`prefix`/u],
  [
    { endpoints: [HOST], prefix: "a/" },
    /^`prefix`: expected names with "\/" between them and none at the end/u,
  ],
  [{ endpoints: [HOST], tls: { cert: PEM } }, /^`tls`: expected `cert` and `key` together/u],
  [{ endpoints: [HOST], tls: { pfx: "PEM" } }, /^`tls`: unknown option `pfx`/u],
  [{ endpoints: [HOST], tls: { ca: "/etc/ssl/ca.pem" } }, /^`tls.ca`: expected text in PEM.*not the path/u],
  [{ endpoints: [HOST], tls: { cert: PEM, key: PEM } }, /^`tls`: expected certificates, and a key/u],
];

describe("the URL of an etcd", () => {
  it.each(urls)("%s", (url, expected) => {
    expect(parseEtcdUrl(url)).toEqual(expected);
  });

  it("gives a store its name, without a password", () => {
    const { name } = etcd(parseEtcdUrl("etcd://ann:secret@10.0.0.1,[::1]:4001/shop"));
    expect(name).toBe("etcd at http://10.0.0.1:2379, http://[::1]:4001");
  });

  it("names the files of certificates, which make it one with TLS", () => {
    const folder = temporaryFolder();
    const [ca, cert, key] = ["ca", "cert", "key"].map((name) => {
      writeFileSync(join(folder, name), `the ${name}`);
      return join(folder, name);
    });
    expect(parseEtcdUrl(`etcd://a,b?ca=${ca}&cert=${cert}&key=${key}`)).toEqual({
      endpoints: ["https://a:2379", "https://b:2379"],
      tls: { ca: "the ca", cert: "the cert", key: "the key" },
    });
  });

  it.each(badUrls)("%s is a mistake", (url, message) => {
    expect(() => parseEtcdUrl(url)).toThrow(message);
  });

  it("never shows its password in an error", () => {
    for (const url of [
      "http://ann:secret@a",
      "etcd://ann:secret@",
      "etcd://ann:secret@a?x=1",
      "etcd://a@b@ann:secret@c",
      "etcd://ann:secret/and@c",
      "etcd://ann:12/secret@c",
    ]) {
      expect(() => parseEtcdUrl(url)).toThrow(/^(?!.*secret)/u);
    }
  });
});

describe("options of etcd()", () => {
  it.each(badOptions)("%j are a mistake", (options, message) => {
    expect(() => etcd(options as EtcdOptions)).toThrow(message);
  });
});
