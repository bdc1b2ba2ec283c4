// Runs the built drill as a user would, and makes sure that nothing of it is left after the test.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, vi } from "vitest";
import { z } from "zod";
import { allGone } from "../testing/run-main.ts";
import { programs } from "../testing/test-system.ts";

export interface DrillRun {
  child: ChildProcess;
  stdout(): string;
  stderr(): string;
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Its temporary folder: whatever it leaves is in here. */
  folder: string;
  /** Resolves once stderr holds `text`; rejects where the drill ends before. */
  said(text: string | RegExp): Promise<void>;
  /** Ctrl-C: to the whole group, as a terminal sends it. */
  interrupt(): void;
  /** The process of the private Redis. */
  redisPid(): number;
  /** Rejects where a process of it, or the folder of its Redis, is still there after a while. */
  leftNothing(): Promise<void>;
  /** Kills whatever is left. Call it in afterEach. */
  dispose(): Promise<void>;
}

export function runBuiltDrill(args: readonly string[], env: NodeJS.ProcessEnv = {}): DrillRun {
  const folder = mkdtempSync(join(tmpdir(), "tollbooth-drill-test-"));
  const program = fileURLToPath(new URL("drill/main.js", programs));
  const child = spawn(process.execPath, [program, ...args], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TMPDIR: folder, ...env },
  });
  let [out, err] = ["", ""];
  const heard = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
    for (const listener of heard) listener();
  });
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  const group = -(child.pid ?? 0);
  const redisPid = () => Number(/pid (\d+)/.exec(err)?.[1] ?? Number.NaN);
  return {
    child,
    stdout: () => out,
    stderr: () => err,
    exited,
    folder,
    said: (text) =>
      new Promise((resolve, reject) => {
        const listen = () => {
          if (!(typeof text === "string" ? err.includes(text) : text.test(err))) return;
          heard.delete(listen);
          resolve();
        };
        heard.add(listen);
        listen();
        void exited.then(() => reject(new Error(`The drill ended early: ${out}${err}`)));
      }),
    interrupt: () => void process.kill(group, "SIGINT"),
    redisPid,
    async leftNothing() {
      const redis = redisPid();
      await allGone([group, ...(Number.isNaN(redis) ? [] : [redis])], 15_000);
      const redisFolders = () => readdirSync(folder).filter((name) => name.startsWith("tollbooth-redis-"));
      await vi.waitFor(() => expect(redisFolders()).toEqual([]), 5_000);
    },
    async dispose() {
      try {
        process.kill(group, "SIGKILL");
      } catch {
        // Nothing of the group was left.
      }
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What the tests read of a report. */
interface ReadReport {
  ok: boolean;
  reasons: string[];
  chain: string;
  lanes: {
    provider: string;
    logs: string;
    phases: { name: string }[];
    requests: number;
    answered: number;
    errors: string[];
    rows: { key: string; ok: boolean; requests: string[]; note?: string | undefined }[];
    doubts?: { most: number; atEnd: number } | undefined;
    scraped: { answered: number; unanswered: number; paid: number; mostDown: number };
  }[];
}

const reportSchema: z.ZodType<ReadReport> = z.object({
  ok: z.boolean(),
  reasons: z.array(z.string()),
  chain: z.string(),
  lanes: z.array(
    z.object({
      provider: z.string(),
      logs: z.string(),
      phases: z.array(z.object({ name: z.string() })),
      requests: z.int(),
      answered: z.int(),
      errors: z.array(z.string()),
      rows: z.array(
        z.object({ key: z.string(), ok: z.boolean(), requests: z.array(z.string()), note: z.string().optional() }),
      ),
      doubts: z.object({ most: z.int(), atEnd: z.int() }).optional(),
      scraped: z.object({ answered: z.int(), unanswered: z.int(), paid: z.int(), mostDown: z.int() }),
    }),
  ),
});

/** What `--report` wrote. */
export function readReport(path: string): ReadReport {
  return reportSchema.parse(JSON.parse(readFileSync(path, "utf8")));
}
