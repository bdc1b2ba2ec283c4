// The parent's side of the child processes: start, wait until ready, stop, and never leave one behind.
import { type ChildProcess, fork } from "node:child_process";

export interface Supervised {
  name: string;
  pid: number;
  port: number;
  url: string;
  /** Resolves when the process has ended, however it did. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Resolves when it says that it is stopping, for whatever reason: nothing new is to be sent to it. */
  stopping: Promise<void>;
  /** SIGTERM, then SIGKILL after `graceMs` (default 150,000, above every child's own). Resolves when it is gone. */
  stop(graceMs?: number): Promise<void>;
  /** Any signal, as faults are played through. */
  kill(signal: NodeJS.Signals): void;
}

export interface ChildProgram {
  name: string;
  /** The built program file. */
  file: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Default: this process's own output. */
  output?: "inherit" | "ignore" | undefined;
  onStderr?: ((text: string) => void) | undefined;
  /** Whatever else than its readiness the child tells, see `tellParent`. */
  onMessage?: ((message: unknown) => void) | undefined;
  readyWithinMs?: number | undefined;
}

function portOf(message: unknown): { port: number; url: string } | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  if (!("ready" in message) || !("port" in message) || !("url" in message)) return undefined;
  const { port, url } = message;
  return typeof port === "number" && typeof url === "string" ? { port, url } : undefined;
}

function saysStopping(message: unknown): boolean {
  return typeof message === "object" && message !== null && "stopping" in message;
}

/** A child that ended before it served. Its own words are on its stderr. */
export class ChildFailed extends Error {
  override readonly name = "ChildFailed";
  readonly exitCode: number | null;

  constructor(message: string, exitCode: number | null) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Resolves once the child serves; rejects, with the child gone, when it ends first or takes too long. */
export async function startChild(program: ChildProgram): Promise<Supervised> {
  const output = program.output ?? "inherit";
  const child: ChildProcess = fork(program.file, [], {
    env: { ...process.env, ...program.env },
    stdio: ["ignore", output, program.onStderr ? "pipe" : output, "ipc"],
  });
  if (program.onStderr) child.stderr?.setEncoding("utf8").on("data", program.onStderr);
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  // The parent may die between fork and here; the child notices by its closed channel.
  const ready = new Promise<{ port: number; url: string }>((resolve) => {
    child.on("message", (message) => {
      const found = portOf(message);
      if (found) resolve(found);
      else if (!saysStopping(message)) program.onMessage?.(message);
    });
  });
  const stopping = new Promise<void>((resolve) => {
    child.on("message", (message) => {
      if (saysStopping(message)) resolve();
    });
  });
  const failed = exited.then(({ code, signal }) => {
    throw new ChildFailed(`${program.name} ended before it was ready (${signal ?? `exit code ${code}`}).`, code);
  });
  const within = program.readyWithinMs ?? 60_000;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${program.name} was not ready within ${within} ms.`)), within);
  });
  try {
    const { port, url } = await Promise.race([ready, failed, late]);
    // From now on its end is told by `exited`, not by a rejection without a handler.
    failed.catch(() => undefined);
    return {
      name: program.name,
      pid: child.pid ?? 0,
      port,
      url,
      exited,
      stopping,
      stop,
      kill: (signal) => void child.kill(signal),
    };
  } catch (error) {
    failed.catch(() => undefined);
    child.kill("SIGKILL");
    throw error;
  } finally {
    clearTimeout(timer);
  }

  async function stop(graceMs = 150_000): Promise<void> {
    const force = setTimeout(() => child.kill("SIGKILL"), graceMs);
    child.kill("SIGTERM");
    await exited;
    clearTimeout(force);
  }
}
