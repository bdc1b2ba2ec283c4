// "Did you mean ...?": the known key nearest to an unknown one.

/** How many characters must be inserted, removed, replaced or swapped with a neighbour (optimal string alignment). */
function distance(from: string, to: string): number {
  let beforeThat: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    const at = (line: readonly number[], column: number) => line[column] ?? Number.POSITIVE_INFINITY;
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = at(previous, column - 1) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const swapped = isSwap ? at(beforeThat, column - 2) + 1 : replaced;
      current.push(Math.min(replaced, swapped, at(previous, column) + 1, at(current, column - 1) + 1));
    }
    beforeThat = previous;
    previous = current;
  }
  return previous.at(-1) ?? 0;
}

/** The nearest candidate among those that differ in at most two of five characters. Undefined where there is none. */
export function closestKey(key: string, candidates: Iterable<string>): string | undefined {
  // A longer key is no typing mistake, and the cost grows with the product of the lengths.
  if (key.length > 60) return undefined;
  let best: { candidate: string; changes: number } | undefined;
  for (const candidate of candidates) {
    const changes = distance(key.toLowerCase(), candidate.toLowerCase());
    const near = changes <= Math.max(key.length, candidate.length) * 0.4;
    if (near && (best === undefined || changes < best.changes)) best = { candidate, changes };
  }
  return best?.candidate;
}
