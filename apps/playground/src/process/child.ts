// What every child process of the playground does alike: say that it is ready, and stop when told to or when orphaned.

/** What a child tells its parent once it serves. */
interface Ready {
  ready: true;
  port: number;
  url: string;
}

/** What it tells once it has been told to stop, by a signal or by its parent. */
interface Stopping {
  stopping: true;
}

export interface RunningChild {
  url: string;
  /** Finishes what is in flight, then lets go of everything. */
  stop(): Promise<void>;
}

/**
 * Runs `start`, reports the port to the parent over IPC, and stops on SIGTERM or when the parent is gone: its end of
 * the IPC channel closes even if it was killed. Run by hand, without a parent, SIGINT and SIGHUP stop it too; under a
 * parent Ctrl-C, and the end of a terminal, reach its whole group at once, and the parent decides the order in which its
 * children end.
 */
export async function runChild(
  name: string,
  start: () => Promise<RunningChild>,
  /** The exit code for what `start` threw. */
  exitCodeFor: (error: unknown) => number = () => 1,
): Promise<void> {
  let stopping = false;
  let running: RunningChild | undefined;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    tellParent({ stopping: true } satisfies Stopping);
    await running?.stop();
    process.exit(0);
  };
  process.on("SIGTERM", stop);
  process.on("disconnect", stop);
  for (const signal of ["SIGINT", "SIGHUP"])
    process.on(signal, () => (process.send === undefined ? stop() : undefined));
  try {
    running = await start();
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(exitCodeFor(error));
  }
  if (process.send === undefined) console.log(`${name}: ${running.url}`);
  else if (process.connected)
    process.send({ ready: true, port: Number(new URL(running.url).port), url: running.url } satisfies Ready);
}

/** The environment variable's value; a missing one ends the process with a message that names it. */
export function requiredEnv(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`the environment variable ${name} is not set.`);
  return value;
}

/** Tells the parent something beside the readiness; without a parent it is lost. */
export function tellParent(message: object): void {
  if (process.connected) process.send?.(message);
}
