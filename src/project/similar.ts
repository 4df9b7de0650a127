// What somebody may have meant who wrote a word that is not known.

/** "; did you mean web?", or nothing where no word that is known comes near. */
export function didYouMean(word: string, known: Iterable<string>): string {
  let nearest: { readonly word: string; readonly distance: number } | undefined;
  for (const one of known) {
    const distance = editDistance(word.toLowerCase(), one.toLowerCase());
    if (distance <= Math.ceil(one.length / 3) && !(nearest && nearest.distance <= distance)) {
      nearest = { word: one, distance };
    }
  }
  return nearest ? `; did you mean ${nearest.word}?` : "";
}

/** How many characters are to be left out, put in, changed or swapped with their neighbour (optimal string alignment). */
function editDistance(from: string, to: string): number {
  let [before, last]: number[][] = [[], Array.from({ length: to.length + 1 }, (_, at) => at)];
  for (let row = 1; row <= from.length; row++) {
    const next = [row];
    for (let at = 1; at <= to.length; at++) {
      const changed = from[row - 1] === to[at - 1] ? 0 : 1;
      const isSwapped = at > 1 && from[row - 1] === to[at - 2] && from[row - 2] === to[at - 1];
      next[at] = Math.min(
        last![at]! + 1,
        next[at - 1]! + 1,
        last![at - 1]! + changed,
        isSwapped ? before![at - 2]! + 1 : Infinity,
      );
    }
    [before, last] = [last!, next];
  }
  return last![to.length]!;
}
