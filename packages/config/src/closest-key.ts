// "Did you mean ...?": the known key nearest to an unknown one.

/** How many single-character changes lead from one string to the other (Levenshtein, two rows). */
function distance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [row, character] of [...from].entries()) {
    const current = [row + 1];
    for (const [column, other] of [...to].entries()) {
      const replaced = (previous[column] ?? 0) + (character === other ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}

/** The candidate that differs in at most two of five characters, the nearest first; undefined where none does. */
export function closestKey(key: string, candidates: Iterable<string>): string | undefined {
  // Nobody mistypes a name into a paragraph; and the cost grows with the product of the lengths.
  if (key.length > 60) return undefined;
  let best: { candidate: string; changes: number } | undefined;
  for (const candidate of candidates) {
    const changes = distance(key.toLowerCase(), candidate.toLowerCase());
    const near = changes <= Math.max(key.length, candidate.length) * 0.4;
    if (near && (best === undefined || changes < best.changes)) best = { candidate, changes };
  }
  return best?.candidate;
}
