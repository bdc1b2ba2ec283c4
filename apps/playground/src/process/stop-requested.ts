// Ctrl-C and its kin, as one promise: however often they come, one orderly stop answers them all.

/**
 * Resolves, to nothing, at the first stop signal. Ctrl-C arrives twice under npm: from the terminal, and passed on. Where the
 * parent gave a channel, its end is one more: a parent that was killed passes nothing on.
 */
export function stopRequested(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve(undefined));
    process.once("disconnect", () => resolve(undefined));
    // A listener alone would keep the process alive.
    process.channel?.unref();
  });
}
