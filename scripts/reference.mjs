// Writes the reference of all commands into docs/cli.md, from the commands themselves (dist/cli, so build first).
//
//   node scripts/reference.mjs            writes it
//   node scripts/reference.mjs --check    ends with 1 where it is not up to date
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import { buildProgram } from "../dist/cli/program.js";

const BEGIN = "<!-- from the commands themselves, by npm run docs: begin -->";
const END = "<!-- end -->";

const file = fileURLToPath(new URL("../docs/cli.md", import.meta.url));
const config = JSON.parse(readFileSync(new URL("../.prettierrc.json", import.meta.url), "utf8"));
const page = readFileSync(file, "utf8");
const begin = page.indexOf(BEGIN);
const end = page.indexOf(END, begin);
if (begin === -1 || end === -1) throw new Error(`${file}: expected the lines ${BEGIN} and ${END}`);

const written = page.slice(0, begin) + `${BEGIN}\n\n${reference()}\n\n` + page.slice(end);
const next = await format(written, { ...config, parser: "markdown" });
if (!process.argv.includes("--check")) writeFileSync(file, next);
else if (next !== page) {
  console.error("docs/cli.md is not what the commands say: npm run docs");
  process.exitCode = 1;
}

/** All commands in the order of `moorage --help`. */
function reference() {
  const program = buildProgram("", { done: () => undefined, help: () => undefined });
  return program
    .createHelp()
    .visibleCommands(program)
    .filter((command) => command.name() !== "help")
    .map(describe)
    .join("\n\n");
}

function describe(command) {
  const help = command.createHelp();
  const rows = [
    ...help.visibleArguments(command).map((one) => [term(help.argumentTerm(one), one), one]),
    ...help.visibleOptions(command).map((one) => [help.optionTerm(one), one]),
  ].filter(([, { long }]) => long !== "--help");
  return [
    `### \`moorage ${command.name()}\``,
    `\`${help.commandUsage(command)}\`: ${command.description()}.`,
    table(
      rows.map(([name, { description, argChoices, defaultValue }]) => [
        name,
        description,
        argChoices,
        defaultValue,
      ]),
    ),
    notes(command),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** `<name|port>` as a usage line shows it. */
function term(name, { required, variadic }) {
  const text = variadic ? `${name}...` : name;
  return required ? `<${text}>` : `[${text}]`;
}

function table(rows) {
  if (rows.length === 0) return "";
  const lines = rows.map(([name, description, choices, value]) => {
    const meaning = choices
      ? `${description}: ${choices.map((one) => `\`${one}\``).join(", ")}`
      : description;
    return [`\`${name}\``, meaning, isShown(value) ? `\`${value}\`` : ""];
  });
  return [["", "meaning", "default"], ["-", "-", "-"], ...lines]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");
}

/** A flag is not given unless it is; `--no-hold` says so by its name. */
function isShown(value) {
  return value !== undefined && typeof value !== "boolean" && !(Array.isArray(value) && value.length === 0);
}

/** What `--help` says after the options: notes as they are, examples as code. */
function notes(command) {
  let text = "";
  command.configureOutput({ writeOut: (piece) => (text += piece) }).outputHelp();
  const lines = text.slice(command.helpInformation().length).trim().split("\n");
  const at = lines.findIndex((line) => /^Examples?:/u.test(line));
  const prose = lines.slice(0, at === -1 ? undefined : at);
  const examples =
    at === -1 ? [] : lines.slice(at).flatMap((line) => line.replace(/^Examples?:/u, "").trim() || []);
  return [prose.join(" "), examples.length > 0 ? `\`\`\`sh\n${examples.join("\n")}\n\`\`\`` : ""]
    .filter((part) => part !== "")
    .join("\n\n");
}
