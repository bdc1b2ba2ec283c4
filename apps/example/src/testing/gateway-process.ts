// The built program of the gateway as a process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ServedGateway } from "./serve-gateway.ts";

/** The `test` task depends on `build`. */
export const program: string = fileURLToPath(new URL("../../dist/gateway.js", import.meta.url));

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
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, STORES: configFile, ...env, GATEWAY_CONFIG: configFile, PORT: "0", METRICS_PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  const exited = once(child, "exit");
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text) => {
      printed += text;
      const served = /"url":"(http:[^"]+)".*"msg":"listening"/.exec(printed)?.[1];
      if (served !== undefined) resolve(served);
    });
    void exited.then(([code]) => reject(new Error(`The gateway ended before it was ready (exit code ${code}).`)));
  });
  const end = (signal: NodeJS.Signals) => async () => {
    child.kill(signal);
    await exited;
  };
  return { url, stop: end("SIGTERM"), kill: end("SIGKILL"), printed: () => printed };
}
