// `npm start` as a process manager runs it: in a group of its own, of which tests see whether anything is left.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach } from "vitest";

export const scripts: string = fileURLToPath(new URL("../../../../scripts/", import.meta.url));
/** The repository's own line, without installing and building. */
const { start }: { start: string } = JSON.parse(readFileSync(join(scripts, "..", "package.json"), "utf8")).scripts;
const line = start.replace("scripts/start.mjs", join(scripts, "start-built.mjs"));

export const folder: string = mkdtempSync(join(tmpdir(), "tollbooth-npm-start-"));
writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, scripts: { start: line } }));
afterAll(() => rmSync(folder, { recursive: true }));

const running: ChildProcess[] = [];
afterEach(() => {
  for (const { pid = 0 } of running.splice(0)) {
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // Nothing of the group was left.
    }
  }
});

export interface Started {
  child: ChildProcess;
  /** For `process.kill` and `allGone`: the child and all that it started. */
  group: number;
  printed: string;
}

/** Starts it in a group of its own. Resolves to what it printed, once that matches. */
export async function started(program: string, args: readonly string[], until: RegExp): Promise<Started> {
  const child = spawn(program, args, { cwd: folder, detached: true, stdio: ["ignore", "pipe", "inherit"] });
  running.push(child);
  const printed = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (until.test(text)) resolve(text);
    });
    child.once("exit", (code) => reject(new Error(`It ended with ${code}: ${text}`)));
  });
  return { child, group: -(child.pid ?? 0), printed };
}

/** Resolves once everything serves. */
export const startedByNpm = (): Promise<Started> =>
  started("npm", ["start", "--", "--port", "0", "--logs", folder], /Stop:/);
