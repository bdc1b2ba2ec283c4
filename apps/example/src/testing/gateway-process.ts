// The built program of the gateway as a process of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ServedGateway } from "./serve-gateway.ts";

/** The `test` task depends on `build`. */
const program = fileURLToPath(new URL("../../dist/gateway.js", import.meta.url));

/** Nothing listens there. */
const away = "http://127.0.0.1:1";

/** The rest of what a gateway's environment must have, for one that sells nothing. */
export const nowhere = {
  FACILITATOR_URL: away,
  CHAIN_URL: away,
  UPSTREAM_URL: away,
  SESSION_SECRET: "0123456789".repeat(4),
} as const;

export interface GatewayRun {
  readonly child: ChildProcess;
  /** Its URL, once it serves. Rejects where it ends first. */
  readonly listening: Promise<string>;
  /** All that it printed has been read by then. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** On standard output, so far. */
  printed(): string;
  /** On standard error, so far. */
  errors(): string;
}

/** Starts it on free ports. Its caller ends it. */
export function runGateway(env: Readonly<Record<string, string>>): GatewayRun {
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, ...env, PORT: "0", METRICS_PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { printed: "", errors: "" };
  child.stderr.setEncoding("utf8").on("data", (more) => {
    text.errors += more;
  });
  const ended: GatewayRun["ended"] = once(child, "close").then(([code, signal]) => ({ code, signal }));
  const listening = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (more) => {
      text.printed += more;
      const served = /"url":"(http:[^"]+)".*"msg":"listening"/.exec(text.printed)?.[1];
      if (served !== undefined) resolve(served);
    });
    void ended.then(({ code }) =>
      reject(new Error(`The gateway ended before it was ready (exit code ${code}). ${text.errors || text.printed}`)),
    );
  });
  // A test of its end does not ask for it.
  listening.catch(() => undefined);
  return { child, listening, ended, printed: () => text.printed, errors: () => text.errors };
}

export interface GatewayProcess extends ServedGateway {
  /** kill -9 */
  kill(): Promise<void>;
  /** What it has printed so far. */
  printed(): string;
}

/** Resolves once it serves; rejects where it ends first. */
export async function startGatewayProcess(
  configFile: string,
  env: Readonly<Record<string, string>>,
): Promise<GatewayProcess> {
  const { child, listening, ended, printed } = runGateway({ STORES: configFile, ...env, GATEWAY_CONFIG: configFile });
  const url = await listening;
  const end = (signal: NodeJS.Signals) => async () => {
    child.kill(signal);
    await ended;
  };
  return { url, stop: end("SIGTERM"), kill: end("SIGKILL"), printed };
}
