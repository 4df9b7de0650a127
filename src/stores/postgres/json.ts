// Texts that stand for many values: one of them is cheaper to say and to read than all the values would be one by one.

/** Halves of characters, which no encoding has, are U+FFFD, as everywhere where a text is sent. */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value);
  // Escapes of control characters are others, and the server refuses halves.
  return text.includes("\\ud")
    ? JSON.stringify(value, (_, part: unknown) => (typeof part === "string" ? whole(part) : part))
    : text;
}

function whole(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\ufffd");
}
