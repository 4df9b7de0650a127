// The servers of development that take their port by a flag: one table.
//
// Most read PORT, and need no line here. A line is for one that does not, and for one that does and is often given
// another number by a flag, which then has to be told. As of September 2026, by the documentation of each.

/** A program that serves, as its arguments say. */
export interface Server {
  /** What it is called, as the last part of a path; also the packages by whose names npx runs it. */
  readonly programs: readonly string[];
  /** The sub-commands that serve; `null`: all do but those of `never`. */
  readonly serves: readonly string[] | null;
  readonly never?: readonly string[];
  /** The flags by which it is given a port, the one to give first. None: it takes the port as an argument. */
  readonly flags: readonly string[];
  /** The flag that has it end when the port is in use, and not take another one. */
  readonly strict?: string;
  /** Flags that take the next argument for their value, where a port is looked for among arguments. */
  readonly valued?: readonly string[];
  /** Whether it reads PORT: then nothing is added. */
  readonly readsPort?: true;
}

const PORT = ["--port"];
const PORT_OR_P = ["--port", "-p"];
const DJANGO_VALUES = ["-v", "--verbosity", "--settings", "--pythonpath"];

export const SERVERS: readonly Server[] = [
  {
    programs: ["vite"],
    serves: null,
    never: ["build", "optimize"],
    flags: PORT,
    strict: "--strictPort",
  },
  { programs: ["vp", "vite-plus"], serves: ["dev", "preview"], flags: PORT, strict: "--strictPort" },
  { programs: ["vitepress"], serves: ["dev"], flags: PORT, strict: "--strictPort" },
  { programs: ["vitepress"], serves: ["preview", "serve"], flags: PORT },
  {
    programs: ["react-router", "@react-router/dev"],
    serves: ["dev"],
    flags: PORT,
    strict: "--strictPort",
  },
  { programs: ["remix", "@remix-run/dev"], serves: ["vite:dev"], flags: PORT, strict: "--strictPort" },
  { programs: ["astro"], serves: ["dev", "preview"], flags: PORT },
  { programs: ["ng", "@angular/cli"], serves: ["serve", "s", "dev"], flags: PORT },
  { programs: ["rsbuild", "@rsbuild/core"], serves: ["dev", "preview"], flags: PORT },
  { programs: ["rspack", "@rspack/cli"], serves: ["serve", "server", "s", "dev", "preview"], flags: PORT },
  { programs: ["webpack", "webpack-cli"], serves: ["serve", "server", "s"], flags: PORT },
  { programs: ["webpack-dev-server"], serves: null, flags: PORT },
  { programs: ["wrangler"], serves: ["dev", "pages dev"], flags: PORT },
  { programs: ["storybook"], serves: ["dev"], flags: PORT_OR_P },
  { programs: ["start-storybook"], serves: null, flags: PORT_OR_P },
  { programs: ["expo"], serves: ["start"], flags: PORT_OR_P },
  { programs: ["react-native"], serves: ["start"], flags: PORT },
  {
    programs: ["slidev", "@slidev/cli"],
    serves: null,
    never: ["build", "export", "format"],
    flags: PORT_OR_P,
  },
  { programs: ["uvicorn"], serves: null, flags: PORT },
  { programs: ["fastapi"], serves: ["dev", "run"], flags: PORT },
  {
    programs: ["flask"],
    serves: ["run"],
    flags: PORT_OR_P,
    valued: ["--app", "-A", "--env-file", "-e"],
  },
  {
    programs: ["manage.py", "django-admin", "django"],
    serves: ["runserver"],
    flags: [],
    valued: DJANGO_VALUES,
  },
  {
    programs: ["http.server"],
    serves: null,
    flags: [],
    valued: ["-b", "--bind", "-d", "--directory", "-p", "--protocol"],
  },
  { programs: ["streamlit"], serves: ["run"], flags: ["--server.port"] },
  { programs: ["artisan"], serves: ["serve"], flags: PORT },
  { programs: ["jekyll"], serves: ["serve", "server", "s"], flags: ["--port", "-P"] },
  { programs: ["hugo"], serves: ["server", "serve"], flags: PORT_OR_P },
  { programs: ["next"], serves: ["dev", "start"], flags: PORT_OR_P, readsPort: true },
  { programs: ["nuxt", "nuxi"], serves: ["dev", "preview", "start"], flags: PORT_OR_P, readsPort: true },
  { programs: ["gatsby"], serves: ["develop", "serve"], flags: PORT_OR_P, readsPort: true },
  { programs: ["docusaurus"], serves: ["start", "serve"], flags: PORT_OR_P, readsPort: true },
  { programs: ["parcel"], serves: null, never: ["build", "watch"], flags: PORT_OR_P, readsPort: true },
  { programs: ["vue-cli-service"], serves: ["serve"], flags: PORT, readsPort: true },
  { programs: ["serve"], serves: null, flags: ["--listen", "-l", "-p"], readsPort: true },
  { programs: ["http-server"], serves: null, flags: PORT_OR_P, readsPort: true },
  { programs: ["rails"], serves: ["server", "s"], flags: PORT_OR_P, readsPort: true },
];

/** What a command line says of the port of its server. */
export interface PortOfServer {
  readonly program: string;
  /** The arguments that would tell it its port; none where it needs none. */
  readonly add: readonly string[];
  /** The number that it is given already. */
  readonly given: number | null;
}

/** The server that a program with these arguments is; `undefined`: none that is known. */
export function serverOf(
  program: string,
  parameters: readonly string[],
  port: number,
): PortOfServer | undefined {
  const server = SERVERS.find((one) => one.programs.includes(program) && serves(one, parameters));
  if (!server) return undefined;
  const given = server.flags.length === 0 ? argumentOf(server, parameters) : flagOf(server, parameters);
  // What comes after `--` is for somebody else, and so would be what is added there.
  const isClosed = parameters.includes("--");
  const needsNone = given !== undefined || server.readsPort === true || isClosed;
  return { program, add: needsNone ? [] : added(server, parameters, port), given: toPort(given) };
}

function added({ flags, strict }: Server, parameters: readonly string[], port: number): string[] {
  const [flag] = flags;
  const place = flag === undefined ? [String(port)] : [flag, String(port)];
  const isStrict = parameters.some((one) => one.split("=")[0] === strict);
  return strict === undefined || isStrict ? place : [...place, strict];
}

function serves(
  { serves: commands, never, valued }: Pick<Server, "serves" | "never" | "valued">,
  parameters: readonly string[],
): boolean {
  const words = argumentsAmong(parameters, valued);
  if (commands === null) return !(never ?? []).includes(words[0] ?? "");
  return commands.some((command) => command === words.slice(0, command.split(" ").length).join(" "));
}

/** The arguments that are no flags, and no values of those flags. */
function argumentsAmong(parameters: readonly string[], valued: readonly string[] = []): string[] {
  return parameters.filter((one, at) => !one.startsWith("-") && !valued.includes(parameters[at - 1] ?? ""));
}

/** The value of the last of the flags of a port: "--port 3000", "--port=3000", "-p3000". */
function flagOf({ flags }: Server, parameters: readonly string[]): string | undefined {
  const values = parameters.flatMap((one, at) => {
    const [name = "", value] = one.split(/=(.*)/su);
    if (flags.includes(name)) return [value ?? parameters[at + 1] ?? ""];
    const short = flags.find((flag) => /^-\w$/u.test(flag) && one.startsWith(flag) && one.length > 2);
    return short === undefined ? [] : [one.slice(short.length)];
  });
  return values.at(-1);
}

/** A port among the arguments, with or without an address: "8000", "0.0.0.0:8000", "[::1]:8000". */
function argumentOf({ serves: commands, valued }: Server, parameters: readonly string[]): string | undefined {
  const words = argumentsAmong(parameters, valued).slice(commands === null ? 0 : 1);
  return words.find((word) => /(?:^|:)\d+$/u.test(word)) ?? words[0];
}

function toPort(text: string | undefined): number | null {
  const [, digits] = /(?:^|:)(\d+)$/u.exec(text ?? "") ?? [];
  return digits === undefined ? null : Number(digits);
}
