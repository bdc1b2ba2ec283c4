// Splits a long list of calls, so that they leave room on the connection for others.

/** Runs `work` on batches of `size` items, at most `inFlight` at a time. Starts none after a failure. */
export async function inBatches<T>(
  items: readonly T[],
  { size, inFlight }: { size: number; inFlight: number },
  work: (batch: readonly T[]) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  const worker = async () => {
    while (next < items.length && !failed) {
      const batch = items.slice(next, next + size);
      next += size;
      try {
        await work(batch);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}
