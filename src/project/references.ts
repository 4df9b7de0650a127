// What stands in braces in a text: {port} and {url} of the service itself, {web.port} and {api.url} of others.

/** The port or the URL of a service. */
export interface Reference {
  /** `null`: the service whose text it is. */
  readonly service: string | null;
  readonly what: "port" | "url";
}

/** Not those of a shell, ${HOME}, nor the double ones of templates, {{port}}. */
const BRACES = /(?<![${])\{([\w.-]+)\}(?!\})/gu;
const REFERENCE = /^(?:(.+)\.)?(port|url)$/u;

/** The words in braces, each as it is written and as a reference; `undefined`: it is none. */
export function* bracedIn(
  text: string,
): Generator<{ readonly word: string; readonly reference: Reference | undefined }> {
  for (const [, word = ""] of text.matchAll(BRACES)) yield { word, reference: toReference(word) };
}

/** The text with the values of its references; other braces are left alone, and so is what has no value. */
export function expandReferences(
  text: string,
  valueOf: (reference: Reference) => string | undefined,
): string {
  return text.replaceAll(BRACES, (written, word: string) => {
    const reference = toReference(word);
    return (reference && valueOf(reference)) ?? written;
  });
}

function toReference(word: string): Reference | undefined {
  const [, service, what] = REFERENCE.exec(word) ?? [];
  return what === undefined ? undefined : { service: service ?? null, what: what as Reference["what"] };
}
