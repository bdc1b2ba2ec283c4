// Medians, percentiles and spread.

/** The middle of several rounds, and how far they lie apart. */
export interface Spread {
  median: number;
  low: number;
  high: number;
}

/** Of sorted values, by nearest rank: the smallest value that at least `share` of them do not exceed. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) throw new Error("No value was measured.");
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

/** The middle value; the mean of the two middle ones where there is an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) throw new Error("No value was measured.");
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? Number.NaN) + (sorted[Math.floor(half)] ?? Number.NaN)) / 2;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) };
}

/**
 * How ours compares with theirs. Each round is compared with itself, since a busy moment of the machine slows both of one
 * round alike.
 */
export function ratios(ours: readonly number[], theirs: readonly number[]): Spread {
  if (ours.length !== theirs.length) throw new Error("Rounds of two contenders must be as many.");
  return spread(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
}
