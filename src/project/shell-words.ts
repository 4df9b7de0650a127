// The last simple command of a line for a shell: to it go the arguments that package managers put behind the line.
//
// Only as much of the language (POSIX, 2 Shell Command Language) as lines in package.json use. What is not understood
// is not guessed at: a group, a comment, another command's output.

/** A quoted text, an escaped character, a parameter in braces, or what needs none of them. */
const PIECE = /'[^']*'|"(?:[^"\\`$]|\\[^]|\$(?!\())*"|\\[^]|\$\{[^}]*\}|[^\s;&|<>()'"\\`]+/u;
const WORD = `(?:${PIECE.source})+`;
const REDIRECTION = `\\d*(?:>>|>[|&]?|&>|<[&>]?(?!<))[ \\t]*${WORD}`;
const OPERATOR = "&&|\\|\\||[;&|\\n]";
const TOKEN = `[ \\t]+|${REDIRECTION}|(?<operator>${OPERATOR})|(?!#)(?<word>${WORD})`;
const ASSIGNMENT = /^[A-Za-z_]\w*=/u;

/**
 * The words of the last simple command of a line, without their quotes, and without the assignments before it;
 * `undefined` when no arguments can be put behind it.
 *
 * @example
 * lastCommand('tsc && NODE_ENV=test vite "my app"'); // ["vite", "my app"]
 */
export function lastCommand(line: string): string[] | undefined {
  const text = line.trim();
  const token = new RegExp(TOKEN, "uy");
  let words: string[] = [];
  while (token.lastIndex < text.length) {
    const groups = token.exec(text)?.groups;
    if (!groups) return undefined;
    if (groups["operator"] !== undefined) words = [];
    if (groups["word"] !== undefined) words.push(groups["word"]);
  }
  const first = words.findIndex((word) => !ASSIGNMENT.test(word));
  return first === -1 ? undefined : words.slice(first).map(unquote);
}

function unquote(word: string): string {
  return word.replaceAll(new RegExp(PIECE.source, "gu"), (piece) => {
    if (piece.startsWith("'")) return piece.slice(1, -1);
    if (piece.startsWith('"')) return piece.slice(1, -1).replaceAll(/\\(["\\$`])/gu, "$1");
    return piece.startsWith("\\") ? piece.slice(1) : piece;
  });
}
