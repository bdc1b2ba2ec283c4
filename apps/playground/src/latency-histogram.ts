// Durations in buckets, as gateways report them: merged, and read by quantile.
import { bucketMs } from "./fleet/store-report.ts";

/** How many operations fell into each bucket. */
export type Histogram = Map<number, number>;

export function addTo(histogram: Histogram, buckets: Iterable<readonly [bucket: number, count: number]>): void {
  for (const [bucket, count] of buckets) histogram.set(bucket, (histogram.get(bucket) ?? 0) + count);
}

export function countOf(histogram: Histogram): number {
  return [...histogram.values()].reduce((all, count) => all + count, 0);
}

/** All durations together, in milliseconds, within a bucket's width. */
export function totalMsOf(histogram: Histogram): number {
  return [...histogram].reduce((all, [bucket, count]) => all + bucketMs(bucket) * count, 0);
}

/** In milliseconds, to three significant digits; undefined where there is nothing. */
export function quantile(histogram: Histogram, part: number): number | undefined {
  let left = Math.ceil(countOf(histogram) * part);
  for (const [bucket, count] of [...histogram].sort(([a], [b]) => a - b)) {
    left -= count;
    if (left <= 0) return Number(bucketMs(bucket).toPrecision(3));
  }
  return undefined;
}
