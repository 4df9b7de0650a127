// Servers that are started over a hold, or handed a socket: those of them that are installed here.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { onTestFinished } from "vitest";

import { hasProgram } from "../host/processes.ts";

export type CommandLine = readonly [program: string, ...parameters: string[]];

export interface Server {
  readonly name: string;
  /** What it answers to a request. */
  readonly answer: string;
  readonly ask: (port: number) => Promise<string>;
  /** Its command line where it makes its own socket on 127.0.0.1; `folder` is its to write to. */
  readonly onPort?: (port: number, folder: string) => CommandLine;
  /** Its command line where it is handed the socket of the whole port. */
  readonly onSocket?: (port: number, folder: string) => CommandLine;
}

const VITE = fileURLToPath(new URL("../../node_modules/vite/bin/vite.js", import.meta.url));

const python = find(["python3"]);
const gunicorn = find(["gunicorn"], ["python3", "-m", "gunicorn"], ["/usr/bin/python3", "-m", "gunicorn"]);
const uvicorn = find(["uvicorn"], ["python3", "-m", "uvicorn"], ["/usr/bin/python3", "-m", "uvicorn"]);
const nginx = find(["nginx"], ["/usr/sbin/nginx"]);
const redis = find(["redis-server"]);

/** By the program that each of them needs. */
const SERVERS: readonly (Server & { readonly needs: CommandLine | undefined })[] = [
  {
    name: "node:http",
    needs: [process.execPath],
    answer: "hello from node:http",
    ask: askHttp,
    onPort: (port, folder) => [process.execPath, nodeServer(folder, `{ port: ${port}, host: "127.0.0.1" }`)],
    onSocket: (_, folder) => [process.execPath, nodeServer(folder, "{ fd: 3 }")],
  },
  {
    name: "vite",
    needs: [process.execPath],
    answer: "hello from vite",
    ask: async (port) => /hello from \w+/u.exec(await askHttp(port))?.[0] ?? "",
    onPort(port, folder) {
      writeFileSync(join(folder, "index.html"), "<p>hello from vite</p>");
      return [process.execPath, VITE, folder, "--host", "127.0.0.1", "--port", `${port}`, "--strictPort"];
    },
  },
  {
    name: "python3 -m http.server",
    needs: python,
    answer: "hello from http.server",
    ask: askHttp,
    onPort(port, folder) {
      writeFileSync(join(folder, "index.html"), "hello from http.server");
      const parameters = ["-m", "http.server", `${port}`, "--bind", "127.0.0.1", "--directory", folder];
      return [...python!, ...parameters];
    },
  },
  {
    name: "gunicorn",
    needs: gunicorn,
    answer: "hello from gunicorn",
    ask: askHttp,
    onPort: (port, folder) => [...gunicorn!, "--bind", `127.0.0.1:${port}`, ...wsgi(folder)],
    // Told by LISTEN_FDS.
    onSocket: (_, folder) => [...gunicorn!, ...wsgi(folder)],
  },
  {
    name: "uvicorn",
    needs: uvicorn,
    answer: "hello from uvicorn",
    ask: askHttp,
    onPort: (port, folder) => [...uvicorn!, "--host", "127.0.0.1", "--port", `${port}`, ...asgi(folder)],
    onSocket: (_, folder) => [...uvicorn!, "--fd", "3", ...asgi(folder)],
  },
  {
    name: "nginx",
    needs: nginx,
    answer: "hello from nginx",
    ask: askHttp,
    onPort: (port, folder) => [...nginx!, ...nginxSetup(folder, `127.0.0.1:${port}`)],
    // Told by NGINX; it takes the socket whose address it is asked to listen on.
    onSocket: (port, folder) => [...nginx!, ...nginxSetup(folder, `[::]:${port} ipv6only=off`)],
  },
  {
    name: "redis",
    needs: redis,
    answer: "+PONG\r\n+OK\r\n",
    ask: async (port) => await exchange(port, "PING\r\nQUIT\r\n"),
    onPort(port, folder) {
      const parameters = ["--bind", "127.0.0.1", "--port", `${port}`, "--save", "", "--dir", folder];
      return [...redis!, ...parameters];
    },
  },
];

export const present: readonly Server[] = SERVERS.filter(({ needs }) => needs !== undefined);
export const missing: readonly Server[] = SERVERS.filter(({ needs }) => needs === undefined);

export interface Running {
  readonly child: ChildProcess;
  /** Asks it to end, and waits until it has. */
  readonly stop: () => Promise<void>;
}

/** Starts a program, which is ended with its test. What it says on stderr is for `child.stderr`. */
export function startServer([program, ...parameters]: CommandLine, env?: NodeJS.ProcessEnv): Running {
  const child = spawn(program, parameters, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...env },
  });
  child.stderr.resume();
  const exited = once(child, "exit");
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const impatient = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await exited;
    clearTimeout(impatient);
  };
  onTestFinished(stop);
  return { child, stop };
}

function find(...commandLines: readonly CommandLine[]): CommandLine | undefined {
  return commandLines.find(([program, ...parameters]) =>
    ["--version", "-v"].some((question) => hasProgram(program, ...parameters, question)),
  );
}

async function askHttp(port: number): Promise<string> {
  const request = { headers: { connection: "close" }, signal: AbortSignal.timeout(30_000) };
  return await (await fetch(`http://127.0.0.1:${port}/`, request)).text();
}

/** Says something, and hears the other side out. */
async function exchange(port: number, message: string): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.write(message);
  return await text(socket);
}

function nodeServer(folder: string, where: string): string {
  const path = join(folder, "server.mjs");
  writeFileSync(
    path,
    `import { createServer } from "node:http";
createServer((_, response) => response.end("hello from node:http")).listen(${where});`,
  );
  return path;
}

function wsgi(folder: string): string[] {
  writeFileSync(
    join(folder, "wsgi_hello.py"),
    `def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello from gunicorn"]`,
  );
  return ["--chdir", folder, "wsgi_hello:hello"];
}

function asgi(folder: string): string[] {
  writeFileSync(
    join(folder, "asgi_hello.py"),
    `async def hello(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello from uvicorn"})`,
  );
  return ["--lifespan", "off", "--app-dir", folder, "asgi_hello:hello"];
}

function nginxSetup(folder: string, listen: string): string[] {
  const path = join(folder, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(" ");
  writeFileSync(
    path,
    `daemon off; pid ${folder}/nginx.pid; worker_processes 1; error_log ${folder}/error.log;
events {}
http {
  access_log off; ${temporary}
  server { listen ${listen}; return 200 "hello from nginx"; }
}`,
  );
  return ["-p", folder, "-c", path, "-e", join(folder, "error.log")];
}
