/**
 * The candidate that `word` was most likely meant to be, or `undefined` if none is close.
 *
 * Close means: at most a third of the word's letters inserted, left out, exchanged or swapped with their
 * neighbour; case does not count.
 */
export function nearestWord(word: string, candidates: Iterable<string>): string | undefined {
  const bound = Math.max(1, Math.ceil(Math.min(word.length, MAX_WORD_CHARS) / 3));
  let nearest: string | undefined;
  let least = bound + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** Longer words are like no option. */
const MAX_WORD_CHARS = 64;

/** Optimal string alignment distance. */
function editDistance(from: string, to: string): number {
  if (from.length > MAX_WORD_CHARS || to.length > MAX_WORD_CHARS) return Infinity;
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
      );
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      }
      current.push(cost);
    }
    [beforeLast, last] = [last, current];
  }
  return last[to.length] ?? 0;
}
