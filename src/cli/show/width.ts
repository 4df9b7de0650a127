// How many columns of a terminal a text takes, and texts cut to fit.
//
// By character: two for those that are wide in East Asia (UAX 11, W and F) and for emoji, none for marks that join the one
// before. Terminals differ about emoji that are put together of several characters; here they are rather too wide.

import { printable } from "../../report/describe.ts";

const PLAIN = /^[ -~]*$/u;
const JOINED = /^[\p{Mn}\p{Me}\u1160-\u11FF]$/u;
const REGIONAL = /^[\u{1F1E6}-\u{1F1FF}]$/u;
const WIDE =
  /^[\p{Emoji_Presentation}\u1100-\u115F\u2329\u232A\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97C\uAC00-\uD7A3\uF900-\uFAFF\uFE10-\uFE19\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{16FE0}-\u{1B2FF}\u{1F200}-\u{1F265}\u{20000}-\u{3FFFD}]$/u;
/** Has the character before it shown as an emoji. */
const EMOJI_VARIANT = "\uFE0F";

/** A text without what moves a cursor; of the usual ones at no cost. */
export function onOneLine(text: string): string {
  return PLAIN.test(text) ? text : printable(text);
}

/** The columns of such a text. */
export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/** The text on one line, cut to so many columns, with `more` at its end where it was cut. */
export function fit(text: string, columns: number, more: string): string {
  const shown = onOneLine(text);
  if (displayWidth(shown) <= columns) return shown;
  const room = columns - displayWidth(more);
  if (room <= 0) return more.slice(0, Math.max(columns, 0));
  let width = 0;
  let end = 0;
  for (const character of shown) {
    width += widthOf(character);
    if (width > room) break;
    end += character.length;
  }
  return shown.slice(0, end) + more;
}

function widthOf(character: string): number {
  if (character === EMOJI_VARIANT) return 1;
  if (JOINED.test(character)) return 0;
  return WIDE.test(character) && !REGIONAL.test(character) ? 2 : 1;
}
