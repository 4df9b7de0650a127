// {port} and {web.url} in the arguments of a command and the values of `--env`.

import { bracedIn, didYouMean, expandReferences, type Reference } from "../../project/index.ts";

/** What references mean. */
export interface Meanings {
  /** The services that there are; asked for when there is a reference to one. */
  readonly services: () => readonly string[];
  /** The port and the URL of the command itself; `null`: it has several, and none is its own. */
  readonly own: { readonly port: number; readonly url: string } | null;
  readonly portOf: (service: string) => Promise<number>;
  readonly urlOf: (service: string) => Promise<string>;
}

/**
 * Texts with the values of their references. Braces that are none are left as they are; so are double ones.
 *
 * @throws RangeError, which names `option`, for a service that there is not.
 */
export async function expandTexts(
  option: string,
  texts: readonly string[],
  meanings: Meanings,
): Promise<string[]> {
  const values = new Map<string, string>();
  for (const text of texts) {
    for (const { word, reference } of bracedIn(text)) {
      if (reference && !values.has(word)) values.set(word, await valueOf(option, word, reference, meanings));
    }
  }
  return texts.map((text) => expandReferences(text, (reference) => values.get(written(reference))));
}

/** A reference as it is written in its braces. */
function written({ service, what }: Reference): string {
  return service === null ? what : `${service}.${what}`;
}

async function valueOf(
  option: string,
  word: string,
  { service, what }: Reference,
  { services, own, portOf, urlOf }: Meanings,
): Promise<string> {
  if (service === null) {
    if (own) return String(own[what]);
    throw new RangeError(
      `\`${option}\`: expected whose ${what}, as in {web.${what}}, for there are several, received {${word}}`,
    );
  }
  const known = services();
  if (known.includes(service)) return what === "port" ? String(await portOf(service)) : await urlOf(service);
  const expected =
    known.length === 0
      ? "a service, and there is no moorage.json that has any"
      : `one of ${known.join(", ")}`;
  throw new RangeError(
    `\`${option}\`: expected ${expected}, received {${word}}${didYouMean(service, known)}`,
  );
}
