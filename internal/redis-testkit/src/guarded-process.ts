// A server process that cannot outlive this one: a shell beside it waits for our end of a pipe to close.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface GuardedProcess {
  /** Of the program itself, not of its guard. */
  readonly pid: number;
  /** Resolves once the program has ended. */
  readonly ended: Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/**
 * $1 is a folder to remove if we die, the rest is the program. The guard reads from our pipe: nothing is ever written to
 * it, so reading ends when this process does, however it ends. The shell ends with the program. The first line told is
 * the program's process id.
 */
const guard = `
folder=$1; shift
exec 3<&0 </dev/null
sh -c 'echo $$; exec "$@"' sh "$@" 2>&1 3<&- &
server=$!
{ read -r _ <&3; trap '' TERM; kill -9 "$server"; rm -rf "$folder"; } >/dev/null 2>&1 &
watch=$!
exec 3<&-
wait "$server"
kill "$watch" 2>/dev/null
`;

/**
 * Starts a program and waits for a line that says it is ready. Rejects with its last lines where it ends before. When
 * this process ends, by kill -9 too, the program is killed and `folder` removed.
 */
export async function startGuarded(
  program: string,
  args: readonly string[],
  folder: string,
  isReady: (line: string) => boolean,
): Promise<GuardedProcess> {
  // A session of its own: what kills our process group leaves the guard to do its work.
  const child: ChildProcess = spawn("sh", ["-c", guard, "sh", folder, program, ...args], {
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const { stdout } = child;
  if (stdout === null) throw new Error("A child process without a stdout.");
  const lastLines: string[] = [];
  let pid = 0;
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    void ended.then(() => reject(new Error(`${program} ended at once:\n${lastLines.join("\n")}`)));
    createInterface(stdout).on("line", (line) => {
      if (pid === 0) pid = Number(line);
      else if (isReady(line)) resolve();
      lastLines.push(line);
      if (lastLines.length > 20) lastLines.shift();
    });
  });
  return {
    pid,
    ended,
    kill(signal) {
      try {
        process.kill(pid, signal);
      } catch (error) {
        // It has ended already, and `ended` is about to say so.
        if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
      }
    },
  };
}
