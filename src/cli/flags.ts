// The words of messages: what is wrong is said of a flag, as the caller wrote it, in one form.

const FLAGS: ReadonlySet<string> = new Set([
  "name",
  "ports",
  "prefer",
  "protocol",
  "kept",
  "wait",
  "for",
  "merge",
  "env",
  "group",
]);

/** A message with the options of the library as the flags that they are here. */
export function inFlags(message: string): string {
  return message.replaceAll(/`(\w+)`/gu, (quoted, option: string) => {
    if (option === "count") return "`n`";
    if (option === "service") return "`--name`";
    return FLAGS.has(option) ? `\`--${option}\`` : quoted;
  });
}

/** What commander says of a value that its parser (see arguments.ts) did not take. */
const INVALID =
  /^error: (?:option '(?:-\w, )?(--[\w-]+)[^']*' argument '[^]*?' is invalid|command-argument value '[^]*?' is invalid for argument '([^']+)')\. (?=expected )/u;

/** A usage error of commander's as an error of ours: "moorage: USAGE: `--prefer`: expected …, received …". */
export function usageError(text: string): string {
  const quoted = text.replace(
    INVALID,
    (_, flag: string | undefined, argument: string | undefined) => `error: \`${flag ?? argument ?? ""}\`: `,
  );
  return quoted.replace(/^error: /u, "moorage: USAGE: ");
}
