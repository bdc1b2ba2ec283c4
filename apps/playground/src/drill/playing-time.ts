// How long traffic takes to be played, in words.

/** "45 s", "3 min 20 s", "2 h 0 min": to the second below an hour, to the minute above. `ms` is rounded up. */
export function playingTime(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.ceil(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
