// How long ago, in words.
const MINUTE_MS = 60_000;

/** Milliseconds, rounded: e.g. "12 minutes", "5 hours", "3 days". Below zero counts as zero. */
export function ageOf(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / MINUTE_MS));
  if (minutes < 120) return `${minutes} minute${minutes === 1 ? "" : "s"}`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
