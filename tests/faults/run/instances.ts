// Processes of instances, as the run sees them: told what to do, killed, stopped, and watched for an end of their own.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Client, InstanceJobs, RunJobs } from "../contract.ts";
import { type Message, openWire, type Remote } from "../wire.ts";

export interface Instance {
  readonly client: Client;
  readonly jobs: Remote<InstanceJobs>;
  /** kill -9. Resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP, and SIGCONT. */
  freeze(): Promise<void>;
  thaw(): void;
  /** SIGTERM. */
  terminate(): void;
  /** Resolves to how it ended. */
  readonly ended: Promise<string>;
  /** Why it ended, where it was not told to. */
  crash(): string | undefined;
  /** Ends it. */
  end(): Promise<void>;
}

export function startInstance(client: Client, jobs: RunJobs): Instance {
  const child: ChildProcess = fork(fileURLToPath(new URL("../instance/main.ts", import.meta.url)), [client], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let [told, said, crash] = [false, "", undefined as string | undefined];
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-2_000);
  });
  const wire = openWire<InstanceJobs>(
    (message) => void (child.connected && child.send(message, () => undefined)),
    jobs,
  );
  child.on("message", (message: Message) => wire.heard(message));
  const ended = once(child, "close").then(([code, signal]) => {
    const how = `ended by ${signal ?? `exit code ${code}`}`;
    if (!told) crash = `The process ${how}: ${said}`;
    wire.ended(`The instance ${how}.`);
    return how;
  });
  const kill = async () => {
    told = true;
    child.kill("SIGKILL");
    await ended;
  };
  return {
    ...{ client, jobs: wire.remote, kill, ended },
    async freeze() {
      child.kill("SIGSTOP");
      await stopped(child.pid ?? 0);
    },
    thaw: () => void child.kill("SIGCONT"),
    terminate() {
      told = true;
      child.kill("SIGTERM");
    },
    crash: () => crash,
    end: kill,
  };
}

/** Proof that a process stands still: a signal is delivered a moment after it was sent. */
export async function stopped(pid: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await stateOf(pid)) === "T") return;
    await sleep(5);
  }
  throw new Error(`Process ${pid} does not stand still: ${await stateOf(pid)}.`);
}

/** The state of a process: "T" where it is stopped. Linux; elsewhere it is taken on trust. */
async function stateOf(pid: number): Promise<string> {
  if (process.platform !== "linux") return "T";
  const line = await readFile(`/proc/${pid}/stat`, "utf8");
  return line.slice(line.lastIndexOf(")") + 2, line.lastIndexOf(")") + 3);
}
