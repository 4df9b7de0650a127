// What stdout can show: how wide it is, and whether it takes colours, links and more than ASCII.

/** How a text looks; only where there are colours. */
export type Style = "bold" | "dim" | "green" | "yellow" | "red" | "cyan";

export interface Terminal {
  /** How many columns a line has; `Infinity` where it is no terminal. */
  readonly columns: number;
  readonly rows: number;
  /** Whether it is one at all, and not a file or a pipe. */
  readonly isTerminal: boolean;
  /** Whether more than ASCII can be shown, by the locale. */
  readonly isUnicode: boolean;
  /** A text in a style, and as it is where there are no colours. */
  style(text: string, style: Style): string;
  /** A text that leads to a URL, and as it is where a terminal has no such thing. */
  link(text: string, url: string): string;
}

export interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** ECMA-48, SGR. */
const SGR: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

export function terminalOf(screen: Screen, env: Environment): Terminal {
  const isTerminal = screen.isTTY === true;
  const isDumb = env["TERM"] === "dumb" || env["TERM"] === "linux";
  // https://no-color.org: present and not empty.
  const hasColours = isTerminal && env["TERM"] !== "dumb" && !env["NO_COLOR"];
  return {
    // A terminal that does not know its size says 0.
    columns: isTerminal ? screen.columns || 80 : Infinity,
    rows: isTerminal ? screen.rows || 24 : Infinity,
    isTerminal,
    isUnicode: isUnicode(env),
    style: (text, style) => (hasColours ? `\x1B[${SGR[style]}m${text}\x1B[0m` : text),
    // OSC 8, as terminals agreed on it; those that do not know it leave it out.
    link: (text, url) => (isTerminal && !isDumb ? `\x1B]8;;${encode(url)}\x1B\\${text}\x1B]8;;\x1B\\` : text),
  };
}

/** By the locale's character set (POSIX, 8.2): the first of these that is set decides. */
function isUnicode(env: Environment): boolean {
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  return /utf-?8/iu.test(locale);
}

/** A URL in ASCII: what a link may have in it. */
function encode(url: string): string {
  return url.replaceAll(/\p{Cs}/gu, "").replaceAll(/[^!-~]/gu, encodeURIComponent);
}
