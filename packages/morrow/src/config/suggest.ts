/**
 * The one of `words` that somebody most likely meant by `word`: by edit distance (a swap of neighbours counts as
 * one), at most a third of the word's length; null where none is near.
 */
export function closest(word: string, words: Iterable<string>): string | null {
  const lower = word.toLowerCase();
  const bound = Math.max(1, Math.floor(word.length / 3));
  let best: string | null = null;
  let bestDistance = bound + 1;
  for (const candidate of words) {
    const distance = editDistance(lower, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ?? unfinished(lower, words);
}

/** The only one of `words` that begins with what was typed (`prod` for `production`). */
function unfinished(lower: string, words: Iterable<string>): string | null {
  if (lower.length < 3) return null;
  const matches = [...words].filter((word) => word.toLowerCase().startsWith(lower));
  return matches.length === 1 ? (matches[0] ?? null) : null;
}

/** Edits (insert, remove, replace, swap neighbours) that turn one text into the other. */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const same = from[i - 1] === to[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[to.length] ?? 0;
}
