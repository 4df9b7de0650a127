// The commands, their options and their help. Each command is loaded when it runs.

import { Command, CommanderError, Option } from "commander";
import {
  countArgument,
  envOption,
  globalOption,
  nameOption,
  pidOption,
  portOrTextArgument,
  secondsOption,
  shellArgument,
  targetArgument,
  withRequestFlags,
} from "./arguments.ts";
import type { ContextFlags } from "./commands/context.ts";
import type { DoctorFlags } from "./commands/doctor.ts";
import type { EnvFlags } from "./commands/env.ts";
import type { FreeFlags } from "./commands/free.ts";
import type { GetFlags } from "./commands/get.ts";
import type { ExportFlags, ImportFlags } from "./commands/move.ts";
import type { LsFlags } from "./commands/ls.ts";
import type { PruneFlags } from "./commands/prune.ts";
import type { ReleaseFlags } from "./commands/release.ts";
import type { RunFlags } from "./commands/run.ts";
import type { WaitFlags } from "./commands/wait.ts";
import type { WhoFlags } from "./commands/who.ts";
import { ENV_FORMATS } from "../project/env-formats.ts";
import { usageError } from "./flags.ts";
import { sayText } from "./output.ts";
import type { TargetFlags } from "./target.ts";

const EXIT_CODES = `
Exit codes: 0 ok, 1 error, 2 not found, 3 no port available, 4 timed out, 5 held by somebody else, 64 usage.
run: the command's own; 125 its own failure, 126 and 127 the command cannot be started, 128 + n by signal n.`;

const RUN_NOTES = `
In arguments and texts, {port} is the port, {api.url} the URL of another service.
Examples:
  moorage run -- npm run dev                     # PORT, and --port for vite and others that read no PORT
  moorage run --name api --ready 30 -- ./server {port}
  moorage run                                    # every service of moorage.json with its own command
  moorage run web api                            # these two
  moorage run --group dev -- turbo dev           # WEB_PORT, API_URL … of a group for one command`;

const GET_NOTES = `
In package scripts use moorage run: there the ports of get belong to whoever called npm.
Example: PORT=$(moorage get) node server.js`;

const LS_EXAMPLES = `
Examples:
  moorage ls --all
  moorage ls --watch
  moorage ls --json | jq -r '.leases[] | select(.service == "web").url'`;

const MCP_NOTES = `
What an agent leases by it is given back when it ends.
Example: claude mcp add moorage -- npx moorage mcp`;

const ENV_EXAMPLES = `
Examples:
  moorage env --write .env.local       # again whenever services come or go
  eval "$(moorage env --format export)"
  docker compose --env-file <(moorage env --format compose) up`;

const EXPORT_NOTES = `
With MOORAGE_SCOPE=host/NAME or pool/NAME it is that host or pool of the engine that MOORAGE_STORE names.
Example: moorage export | MOORAGE_STORE=etcd://10.0.0.1 moorage import`;

const IMPORT_NOTES = `
No other process may have the store open meanwhile: it would go on with tokens of the former epoch.
What a machine exported goes into this one, or the host of MOORAGE_SCOPE=host/NAME; what a pool exported goes into that
pool, on an engine with MOORAGE_SCOPE=pool/NAME. With --all hosts and pools keep their names.
Examples:
  MOORAGE_STORE=postgres://db/ports moorage import ports.jsonl
  MOORAGE_STORE=etcd://10.0.0.1 MOORAGE_SCOPE=pool/vip-1 moorage import pool.jsonl`;

const COMPLETION_EXAMPLES = `
Examples:
  eval "$(moorage completion bash)"  # in ~/.bashrc
  eval "$(moorage completion zsh)"   # in ~/.zshrc, after compinit
  moorage completion fish | source   # in ~/.config/fish/config.fish`;

export interface Results {
  /** Told the exit code of the command that ran. */
  readonly done: (code: number) => void;
  /** Told the text of `--help` and `--version`, piece by piece. */
  readonly help: (text: string) => void;
}

export function buildProgram(version: string, { done, help }: Results): Command {
  const program = new Command("moorage")
    .description("Leases network ports and keeps them: no crash, race or second program gets the same one.")
    .version(version)
    .enablePositionalOptions()
    .addHelpText("after", EXIT_CODES);

  withRequestFlags(program.command("run"))
    .description("run a command, or services of moorage.json, with leased ports in the environment")
    .option(
      "-e, --env <variable>",
      "a variable that says the port, or VARIABLE=TEXT; can be repeated",
      envOption,
    )
    .option("-g, --group <group>", "all services of a group of moorage.json")
    .option(
      "--ready [seconds]",
      "say the URL when the server answers; end with 4 when it does not in time",
      secondsOption,
    )
    .option("--no-hold", "lease the port and do not hold it: for servers without SO_REUSEADDR (EADDRINUSE)")
    .option("--fd", "listen on the port, and hand the socket to the command, which must accept on fd 3")
    .argument("[command...]", "the command and its arguments, behind --; or services")
    .passThroughOptions()
    .addHelpText("after", RUN_NOTES)
    .action(async (words: string[], flags: RunFlags) => {
      const { run } = await import("./commands/run.ts");
      done(await run({ words, isLiteral: areBehindDashes(words) }, flags));
    });

  withRequestFlags(program.command("get"))
    .description("print ports, one a line, leased to the process that called")
    .argument("[n]", "how many; one, or as many as the name keeps", countArgument)
    .option("--for <pid>", "the process that shall hold them", pidOption)
    .addHelpText("after", GET_NOTES)
    .action(async (count: number | undefined, flags: GetFlags) => {
      const { get } = await import("./commands/get.ts");
      done(await get(count, flags));
    });

  program
    .command("ls")
    .description("show every lease by project and worktree, who holds it and who listens")
    .option("-a, --all", "also show who listens without a lease")
    .option("-w, --watch", "show it again whenever it changes, until Ctrl-C")
    .option("--json", "print JSON; with --watch a line for each change")
    .addHelpText("after", LS_EXAMPLES)
    .action(async (flags: LsFlags) => {
      const { ls } = await import("./commands/ls.ts");
      done(await ls(flags));
    });

  program
    .command("who")
    .description("show all that is known of a port, leased or not")
    .argument("<name|port>", "what to look at", targetArgument)
    .option("--json", "print JSON")
    .addOption(globalOption())
    .addHelpText("after", "\nExits with 2 when nobody has it.\nExample: moorage who 3000")
    .action(async (target: string | number, flags: WhoFlags) => {
      const { who } = await import("./commands/who.ts");
      done(await who(target, flags));
    });

  program
    .command("free")
    .description("ask whoever listens on a TCP port to stop (SIGTERM), if it is yours")
    .argument("<port>", "the port to free", portOrTextArgument)
    .option("-y, --yes", "do not ask first")
    .option("--dry-run", "say who would be asked to stop, and do nothing")
    .option("--timeout <seconds>", "how long to wait until it is free", secondsOption, 10)
    .addHelpText(
      "after",
      "\nExits with 2 when nobody listens, with 5 when it is not yours.\nExample: moorage free 3000",
    )
    .action(async (port: string | number, flags: FreeFlags) => {
      const { free } = await import("./commands/free.ts");
      done(await free(port, flags));
    });

  program
    .command("wait")
    .description("wait until the server of a lease, or any on a port, listens")
    .argument("<name|port>", "what to wait for", targetArgument)
    .option("--free", "wait until nobody listens")
    .option("--timeout <seconds>", "how long to wait", secondsOption, 60)
    .addOption(globalOption())
    .addHelpText(
      "after",
      "\nExits with 4 when the time is over.\nExample: moorage wait web && npm run test:e2e",
    )
    .action(async (target: string | number, flags: WaitFlags) => {
      const { wait } = await import("./commands/wait.ts");
      done(await wait(target, flags));
    });

  program
    .command("release")
    .description("give back a lease by its name, or a port")
    .argument("<name|port>", "what to give back", releaseArgument)
    .option("--force", "also take it from a process that is running")
    .option("--give-up", "end what the name keeps, and leave its lease alone")
    .addOption(globalOption())
    .addHelpText("after", "\nExample: moorage release web")
    .action(async (target: string, flags: ReleaseFlags) => {
      const { release } = await import("./commands/release.ts");
      done(await release(target, flags));
    });

  program
    .command("port")
    .description("print the port of a service, which is reserved for it if it has none yet")
    .argument("<name>", "the service", nameOption)
    .addOption(globalOption())
    .addHelpText("after", "\nExample: curl localhost:$(moorage port web)")
    .action(async (name: string, flags: TargetFlags) => {
      const { port } = await import("./commands/port.ts");
      done(await port(name, flags));
    });

  program
    .command("url")
    .description("print the URL of a service, as moorage.json has it")
    .argument("<name>", "the service", nameOption)
    .addOption(globalOption())
    .addHelpText("after", "\nExample: open $(moorage url web)")
    .action(async (name: string, flags: TargetFlags) => {
      const { url } = await import("./commands/port.ts");
      done(await url(name, flags));
    });

  program
    .command("env")
    .description("print the ports and URLs of services as variables")
    .addOption(
      new Option("--format <format>", "how they are to be read").choices(ENV_FORMATS).default("dotenv"),
    )
    .option("-g, --group <group>", "the services of this group of moorage.json only")
    .option("--write <file>", "write them into a file, as a block that is replaced each time")
    .addHelpText("after", ENV_EXAMPLES)
    .action(async (flags: EnvFlags) => {
      const { env } = await import("./commands/env.ts");
      done(await env(flags));
    });

  program
    .command("prune")
    .description("give up what services keep whose worktrees were deleted")
    .option("--dry-run", "say what would be given up, and do nothing")
    .addHelpText("after", "\nExample: moorage prune --dry-run")
    .action(async (flags: PruneFlags) => {
      const { prune } = await import("./commands/prune.ts");
      done(await prune(flags));
    });

  program
    .command("doctor")
    .description("say what is wrong with the state folder, its records or this machine")
    .option("--json", "print JSON")
    .option("--repair", "make good what can be, and say what was done")
    .option("--force", "with --repair: replace a damaged database although others have it open")
    .addHelpText("after", "\nExits with 1 when something is wrong.\nExample: moorage doctor --repair")
    .action(async (flags: DoctorFlags) => {
      const { doctor } = await import("./commands/doctor.ts");
      done(await doctor(flags));
    });

  program
    .command("context")
    .description("say what runs in this worktree and how to work with it, for a model to read")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample: moorage context >> prompt.md")
    .action(async (flags: ContextFlags) => {
      const { context } = await import("./commands/context.ts");
      done(await context(flags));
    });

  program
    .command("mcp")
    .description("serve coding agents by the Model Context Protocol, over stdin and stdout")
    .addHelpText("after", MCP_NOTES)
    .action(async () => {
      const { mcp } = await import("./commands/mcp.ts");
      done(await mcp(version));
    });

  program
    .command("export")
    .description("print what names have and keep, as lines of JSON, to be imported into another store")
    .option("--all", "of all hosts and pools of the store, not this machine alone")
    .addHelpText("after", EXPORT_NOTES)
    .action(async (flags: ExportFlags) => {
      const { exportTo } = await import("./commands/move.ts");
      done(await exportTo(flags));
    });

  program
    .command("import")
    .description("take in what moorage export printed, into a store that has nothing yet")
    .argument("[file]", "where it is; stdin without it")
    .option("--merge", "beside what there is: names and ports that are there stay as they are")
    .addHelpText("after", IMPORT_NOTES)
    .action(async (file: string | undefined, flags: ImportFlags) => {
      const { importFrom } = await import("./commands/move.ts");
      done(await importFrom(file, flags));
    });

  program
    .command("completion")
    .description("print the script by which a shell completes moorage's commands, options, names and ports")
    .addArgument(shellArgument())
    .addHelpText("after", COMPLETION_EXAMPLES)
    .action(async (shell: string) => {
      const { completion } = await import("./commands/completion.ts");
      done(await completion(shell));
    });

  program
    .command("complete", { hidden: true })
    .description("say what can stand at the cursor, for the scripts of moorage completion")
    .argument("<words...>", "the words after moorage, up to the cursor")
    .addHelpText("after", '\nExample: moorage complete -- who ""')
    .action(async (words: string[]) => {
      const { complete } = await import("./commands/complete.ts");
      done(await complete(program, words));
    });

  for (const command of [program, ...program.commands]) {
    const name = command === program ? "moorage" : `moorage ${command.name()}`;
    command
      .exitOverride()
      .showHelpAfterError(`(see ${name} --help)`)
      .configureOutput({
        writeOut: help,
        writeErr: sayText,
        outputError: (text, write) => write(usageError(text)),
      });
  }
  return program;
}

/** Whether an error is commander's way to end after `--help` or `--version`. */
export function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.exitCode === 0;
}

/** Whether `--` stands right before the words of a command. */
function areBehindDashes(words: readonly string[]): boolean {
  return process.argv.at(-1 - words.length) === "--";
}

function releaseArgument(text: string): string {
  return /^\d+$/u.test(text) ? text : nameOption(text);
}
