// Certificates of tests: an authority of their own, made anew each time, and what it has signed.

import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

/** Where a certificate and its key are. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export function pem(path: string): string {
  return readFileSync(path, "utf8");
}

export class Authority {
  readonly #folder: string;
  /** Its own certificate. */
  readonly ca: string;
  readonly #key: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.ca = join(folder, "ca.pem");
    this.#key = join(folder, "ca.key");
    const subject = ["-x509", "-subj", "/CN=tests", "-days", "1", "-nodes", ...NEW_KEY];
    openssl("req", ...subject, "-keyout", this.#key, "-out", this.ca);
    chmodSync(this.ca, 0o644);
  }

  /** A certificate for 127.0.0.1 as a server, and for a client. */
  issue(name: string): Certificate {
    const [cert, key, request, extensions] = ["pem", "key", "csr", "ext"].map((end) =>
      join(this.#folder, `${name}.${end}`),
    ) as [string, string, string, string];
    writeFileSync(extensions, "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n");
    openssl("req", "-new", "-subj", `/CN=${name}`, "-nodes", ...NEW_KEY, "-keyout", key, "-out", request);
    const signed = ["-CA", this.ca, "-CAkey", this.#key, "-CAcreateserial", "-days", "1"];
    openssl("x509", "-req", "-in", request, ...signed, "-extfile", extensions, "-out", cert);
    // A server that is another user reads them too.
    for (const file of [cert, key]) chmodSync(file, 0o644);
    return { cert, key };
  }
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

function openssl(...parameters: readonly string[]): void {
  const { status, stderr } = spawnSync("openssl", parameters, { encoding: "utf8" });
  if (status !== 0) throw new Error(`openssl ${parameters.join(" ")}: ${stderr}`);
}
