// Runs the built main program as a user would, and makes sure that nothing of it is left after the test.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, vi } from "vitest";
import { programs } from "./test-system.ts";

export interface MainRun {
  child: ChildProcess;
  /** Everything printed so far, on both streams. */
  output(): string;
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Resolves once the URLs are printed; rejects if it ends first. */
  started: Promise<{ gateway: string; dashboard: string; ledger: string; upstream: string; pids: number[] }>;
  /** Its logs, and its temporary folder. */
  logDirectory: string;
  /** Rejects, after a while, where anything of it is left: a process, or the folder of a private Redis. */
  leftNothing(): Promise<void>;
  /** Kills whatever is left. Call it in afterEach. */
  dispose(): Promise<void>;
}

/** True while a process with this id exists. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Resolves once none of the processes (a negative one: of its group) exists; rejects after `withinMs`. */
export async function allGone(pids: readonly number[], withinMs: number): Promise<void> {
  const until = performance.now() + withinMs;
  while (pids.some(exists)) {
    if (performance.now() > until) throw new Error(`Processes were left behind: ${pids.filter(exists).join(", ")}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const pidsIn = (text: string) => [...text.matchAll(/\(pid (\d+)/g)].map(([, pid]) => Number(pid));

/** `config`: the text of a YAML file, handed over with --config. */
export function runMain(
  config: string,
  args: readonly string[] = ["--port", "0"],
  env: NodeJS.ProcessEnv = {},
): MainRun {
  const directory = mkdtempSync(join(tmpdir(), "tollbooth-main-"));
  const configFile = join(directory, "gateway.yaml");
  writeFileSync(configFile, config);
  const program = fileURLToPath(new URL("main.js", programs));
  // A group of its own, so that a signal can be sent to all of it, as a terminal does.
  const child = spawn(process.execPath, [program, "--config", configFile, "--logs", directory, ...args], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    // Whatever it puts into the temporary folder is seen, and removed in the end.
    env: { ...process.env, TMPDIR: directory, ...env },
  });
  let text = "";
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  const started = new Promise<Awaited<MainRun["started"]>>((resolve, reject) => {
    const read = (chunk: string) => {
      text += chunk;
      const addressOf = (name: string) => new RegExp(`${name} +(http://\\S+)`).exec(text)?.[1];
      const [gateway, dashboard] = [addressOf("Gateway"), addressOf("Dashboard")];
      const [ledger, upstream] = [addressOf("Ledger"), addressOf("Upstream")];
      if (gateway === undefined || dashboard === undefined) return;
      if (ledger === undefined || upstream === undefined || !text.includes("Stop:")) return;
      resolve({ gateway, dashboard, ledger, upstream, pids: pidsIn(text) });
    };
    child.stdout?.setEncoding("utf8").on("data", read);
    child.stderr?.setEncoding("utf8").on("data", read);
    exited.then(() => reject(new Error(`The program ended early: ${text}`)));
  });
  // Tests that await `exited` alone do not care.
  started.catch(() => undefined);
  return {
    child,
    output: () => text,
    exited,
    started,
    logDirectory: directory,
    async leftNothing() {
      await allGone([...pidsIn(text), ...(child.pid === undefined ? [] : [-child.pid])], 15_000);
      await vi.waitFor(() => {
        expect(readdirSync(directory).filter((name) => name.startsWith("tollbooth-redis-"))).toEqual([]);
      });
    },
    async dispose() {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // Nothing of the group was left.
      }
      await exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** `runMain` for one test file: whatever a test started is gone after it. Call it once at the file's top level. */
export function mainForEachTest(): typeof runMain {
  const runs: MainRun[] = [];
  afterEach(async () => {
    for (const run of runs.splice(0)) await run.dispose();
  });
  return (...args) => {
    const run = runMain(...args);
    runs.push(run);
    return run;
  };
}
