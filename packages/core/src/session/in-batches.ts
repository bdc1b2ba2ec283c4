// Splits a long list of calls, so that they leave room on the connection for others.

/** Runs `work` on batches of `size` items, at most `inFlight` at a time, and answers in order. Starts none after a failure. */
export async function inBatches<T, R>(
  items: readonly T[],
  { size, inFlight }: { size: number; inFlight: number },
  work: (batch: readonly T[]) => Promise<readonly R[]>,
): Promise<R[]> {
  const replies: (readonly R[])[] = [];
  let next = 0;
  let failed = false;
  const worker = async () => {
    while (next * size < items.length && !failed) {
      const batch = next;
      next += 1;
      try {
        replies[batch] = await work(items.slice(batch * size, (batch + 1) * size));
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return replies.flat();
}
