// A start that is told to stop while it waits: a strict one waits for its Redis.

/** Thrown where the stop came before anything was served. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

/** What opens later is closed. */
export async function unlessStopped<Opened extends { close(): Promise<void> }>(
  opening: Promise<Opened>,
  stop: AbortSignal | undefined,
): Promise<Opened> {
  if (stop === undefined) return opening;
  const stopped = new Promise<undefined>((resolve) => {
    if (stop.aborted) resolve(undefined);
    stop.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  const opened = await Promise.race([opening, stopped]);
  if (opened !== undefined && !stop.aborted) return opened;
  opening.then((late) => late.close()).catch(() => undefined);
  throw new Stopped("It was stopped before it served.");
}
