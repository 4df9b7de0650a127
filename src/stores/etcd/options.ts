// What an etcd store is opened with, checked, and read from a URL.

import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { describe, expectInteger, expectOptions, expectString } from "../../core/expect.ts";
import type { TlsOptions } from "./transport.ts";

export interface EtcdOptions {
  /**
   * The members of the cluster, as `http://host:2379` or `https://host:2379`: any number of them, at least one. Calls go
   * to one at a time, to the next when it does not answer. The port is 2379 when none is given.
   */
  readonly endpoints: readonly string[];
  /** The user of etcd to be, where it has authentication on. A certificate's name is not enough for its gateway. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** For endpoints with https. */
  readonly tls?: TlsOptions | undefined;
  /** What the keys begin with: one for each set of ports that has nothing to do with others. @default "moorage" */
  readonly prefix?: string | undefined;
  /** How many milliseconds a call waits for an answer, over all members. @default 5000 */
  readonly timeoutMs?: number | undefined;
}

/** Options that were checked, with their defaults. */
export interface EtcdSettings {
  readonly endpoints: readonly URL[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly tls: TlsOptions;
  readonly prefix: string;
  readonly timeoutMs: number;
}

const DEFAULT_PORT = "2379";
const DEFAULT_PREFIX = "moorage";
const DEFAULT_TIMEOUT_MS = 5000;
const LONGEST_TIMEOUT_MS = 3_600_000;
const OPTIONS = ["endpoints", "user", "password", "tls", "prefix", "timeoutMs"];
const TLS_FILES = ["ca", "cert", "key"] as const;

/** @throws TypeError, RangeError that name the option. */
export function checkOptions(options: EtcdOptions): EtcdSettings {
  expectOptions("etcd()", options, OPTIONS);
  const {
    endpoints,
    user,
    password,
    tls = {},
    prefix = DEFAULT_PREFIX,
    timeoutMs = DEFAULT_TIMEOUT_MS,
  } = options;
  if (!Array.isArray(endpoints)) {
    throw new TypeError(`\`endpoints\`: expected a list of URLs, received ${describe(endpoints)}`);
  }
  if (endpoints.length === 0) throw new RangeError("`endpoints`: expected at least one URL, received none");
  if (password !== undefined && user === undefined) {
    throw new TypeError("`password`: expected a `user` with it, received none");
  }
  return {
    endpoints: endpoints.map(expectEndpoint),
    user: user === undefined ? undefined : expectString("user", user),
    password: password === undefined ? undefined : expectString("password", password),
    tls: expectTls(tls),
    prefix: expectKeyPrefix(prefix),
    timeoutMs: expectInteger("timeoutMs", timeoutMs, 1, LONGEST_TIMEOUT_MS),
  };
}

/**
 * The options that a URL says: `etcd://user:password@host:2379,other:2379/prefix`. With `?tls=true` the endpoints are
 * asked by https; with `?ca=`, `&cert=` and `&key=`, which are paths of PEM files, too.
 *
 * @throws TypeError, RangeError that name what is wrong, without the password.
 *
 * @example
 * parseEtcdUrl("etcd://10.0.0.1,10.0.0.2/shop").endpoints; // ["http://10.0.0.1:2379", "http://10.0.0.2:2379"]
 */
export function parseEtcdUrl(url: string): EtcdOptions {
  const [, credentials, hosts, path = "", query = ""] =
    /^etcd:\/\/(?:([^@/?#]*)@)?([^@/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/u.exec(expectString("url", url)) ?? [];
  // A password with a "/" in it ends the hosts too early; what was taken for them is a part of it.
  if (hosts === undefined || path.includes("@")) {
    throw new TypeError(
      "`url`: expected etcd://user:password@host:2379,host2:2379/prefix, with what is not a letter or a digit of a " +
        "password as in a URL (%2F for /, %40 for @), received another text",
    );
  }
  if (hosts.split(",").some((host) => host === "" || host.startsWith(":"))) {
    const found = hosts === "" ? "one that names no host" : "one with a host that has no name";
    throw new RangeError(
      `\`url\`: expected etcd://host:2379 or etcd://host:2379,host2:2379, received ${found}`,
    );
  }
  const { tls, isTls } = readQuery(query);
  const endpoints = hosts.split(",").map((host) => {
    const port = /:\d+$/u.test(host) ? "" : `:${DEFAULT_PORT}`;
    return `${isTls ? "https" : "http"}://${host}${port}`;
  });
  const [user, password] = (credentials ?? "").split(/:(.*)/su).map(unescape);
  const prefix = unescape(path.slice(1));
  checkOptions({ endpoints });
  return {
    endpoints,
    ...(user === undefined || user === "" ? {} : { user, password: password ?? "" }),
    ...(isTls ? { tls } : {}),
    ...(prefix === "" ? {} : { prefix: expectKeyPrefix(prefix) }),
  };
}

function expectEndpoint(endpoint: unknown, at: number): URL {
  const option = `endpoints[${at}]`;
  const text = expectString(option, endpoint);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url && url.host !== "" && ["/", ""].includes(url.pathname) && url.search === "" && url.username === "";
  if (!isPlain || !["http:", "https:"].includes(url.protocol)) {
    // It can have a password in it.
    const shown = text.includes("@")
      ? "one with a user; that goes into `user` and `password`"
      : describe(text);
    throw new RangeError(`\`${option}\`: expected http://host:port or https://host:port, received ${shown}`);
  }
  // A port that is the scheme's own is left out of a URL.
  const isPortGiven = url.port !== "" || /:\d+\/?$/u.test(text);
  if (!isPortGiven) url.port = DEFAULT_PORT;
  return url;
}

function expectTls(tls: unknown): TlsOptions {
  expectOptions("`tls`", tls, TLS_FILES);
  const { ca, cert, key } = tls as TlsOptions;
  for (const [name, value] of Object.entries({ ca, cert, key })) {
    if (value !== undefined) expectPem(`tls.${name}`, value);
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw new TypeError(`\`tls\`: expected \`cert\` and \`key\` together, received only one of them`);
  }
  const options = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  };
  try {
    createSecureContext(options);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RangeError(`\`tls\`: expected certificates, and a key that belongs to \`cert\`: ${why}`, {
      cause,
    });
  }
  return options;
}

/** OpenSSL takes an authority that is none for no authority at all. What was received may be a key: it is not shown. */
function expectPem(option: string, value: unknown): void {
  if (/^-----BEGIN [A-Z0-9 ]+-----$/mu.test(expectString(option, value))) return;
  throw new RangeError(
    `\`${option}\`: expected text in PEM, with a line "-----BEGIN …-----", received another text; not the path of a file, but what is in it`,
  );
}

function expectKeyPrefix(prefix: unknown): string {
  const text = expectString("prefix", prefix);
  if (/^[^\0/]+(?:\/[^\0/]+)*$/u.test(text) || /^(?:\/[^\0/]+)+$/u.test(text)) return text;
  throw new RangeError(
    `\`prefix\`: expected names with "/" between them and none at the end, received ${describe(text)}`,
  );
}

function readQuery(query: string): { readonly tls: TlsOptions; readonly isTls: boolean } {
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (name !== "tls" && !(TLS_FILES as readonly string[]).includes(name)) {
      throw new TypeError(`\`url\`: unknown parameter \`${name}\`; known are tls, ${TLS_FILES.join(", ")}`);
    }
  }
  const isAsked = parameters.get("tls");
  if (isAsked !== null && isAsked !== "true") {
    throw new RangeError(`\`url\`: expected tls=true, received tls=${isAsked}`);
  }
  const files = TLS_FILES.filter((name) => parameters.has(name));
  const tls = Object.fromEntries(files.map((name) => [name, readPem(name, parameters.get(name)!)]));
  return { tls, isTls: isAsked !== null || files.length > 0 };
}

function readPem(name: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RangeError(
      `\`url\`: expected a file that can be read for ${name}, received ${describe(path)}: ${why}`,
      {
        cause,
      },
    );
  }
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RangeError('`url`: expected "%" to be written as %25, received one that is not');
  }
}
