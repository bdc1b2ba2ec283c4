// Starts the whole example as processes: the simulated ledger, the upstream, and a gateway wired to both.
import { fileURLToPath } from "node:url";
import { type Supervised, startChild } from "./process/supervisor.ts";

export interface SystemOptions {
  /** The folder of the built programs. */
  programs: URL;
  /** Where the ledger, its facilitator and the upstream write their logs. */
  logDirectory: string;
  /** The gateway's YAML file. */
  configFile: string;
  /** Instead of the file's port; 0 is any free one. */
  port?: number | undefined;
  env?: Readonly<Record<string, string | undefined>> | undefined;
  output?: "inherit" | "ignore" | undefined;
  onStderr?: ((text: string) => void) | undefined;
}

export interface RunningSystem {
  ledger: Supervised;
  upstream: Supervised;
  gateway: Supervised;
  /** The gateway first, so that what it has in flight can finish; then what it depends on. */
  stop(): Promise<void>;
}

/** Rejects, with whatever had started gone again, if one of the three does not come up. */
export async function startSystem(options: SystemOptions): Promise<RunningSystem> {
  const { output, onStderr } = options;
  const started: Supervised[] = [];
  const start = async (name: string, file: string, env: Record<string, string | undefined>) => {
    const program = { name, file: fileURLToPath(new URL(file, options.programs)), env: { ...options.env, ...env } };
    const child = await startChild({ ...program, output, onStderr });
    started.push(child);
    return child;
  };
  const stop = async () => {
    for (const child of started.splice(0).reverse()) await child.stop();
  };
  try {
    // The helpers take any free port: only the gateway's is anybody's business.
    const helper = { LOG_DIR: options.logDirectory, PORT: "0" };
    const [ledger, upstream] = await Promise.all([
      start("simulated ledger", "simulated-ledger/simulated-ledger.js", helper),
      start("upstream", "upstream/upstream.js", helper),
    ]);
    const gateway = await start("gateway", "gateway/gateway.js", {
      GATEWAY_CONFIG: options.configFile,
      PORT: options.port === undefined ? undefined : String(options.port),
      FACILITATOR_URL: `${ledger.url}/facilitator`,
      CHAIN_URL: `${ledger.url}/chain`,
      UPSTREAM_URL: upstream.url,
    });
    return { ledger, upstream, gateway, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
