// Numbers and instants as people read them.

/** E.g. "0.42 ms", "4.2 ms", "42 ms", "1.2 s". */
export function formatMs(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** What is left of a duration: "9:58", "23 h 59 min". */
export function formatLeft(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
}

/** With a thin space between thousands. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/** E.g. "12 requests", "1 request". */
export function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** Long opaque words (payments, tokens) with their middle left out. */
export function shortened(text: string): string {
  return text.replace(/[A-Za-z0-9+/=_-]{40,}/g, (word) => `${word.slice(0, 14)}…${word.slice(-6)}`);
}

/** The local time of day, to the second. */
export function formatTime(at: number): string {
  return new Date(at).toLocaleTimeString("en-GB");
}
