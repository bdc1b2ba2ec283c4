// A Redis Sentinel: alone it tells clients where the primary is, and several of them fail it over (start-sentinel-group.ts).
import type { Address } from "./net-proxy.ts";
import { plainEndpoint, quoted, type RunningRedis, startServer } from "./server-process.ts";

export interface SentinelOptions {
  /** The name of the primary. Default "mymaster". */
  name?: string | undefined;
  /** How many sentinels must find the primary down. Default 1. */
  quorum?: number | undefined;
  /**
   * Default 1,000 with short periods, else 2,000. With less than two pings in this time, a sentinel may find a primary
   * down that it has just learnt of, and fail over once more.
   */
  downAfterMs?: number | undefined;
  /** Default 5,000; twice as long passes between two tries. */
  failoverTimeoutMs?: number | undefined;
  /** What the sentinel itself asks for, and gives to other sentinels. */
  requirepass?: string | undefined;
  /** Where clients and other sentinels reach it, if not at its own port. */
  announced?: Address | undefined;
  /**
   * "short": it pings and tells others what it knows each 0.2 s, and asks servers each second; "real": each second, each
   * 2 s and each 10 s. So it demotes a former primary within some 2 s of its return, not 10 s. Default "real". Redis 7.
   */
  periods?: "short" | "real" | undefined;
  /** Any other lines of its configuration. */
  config?: readonly string[] | undefined;
}

export interface RunningSentinel extends RunningRedis {
  /** What it calls the primary. */
  readonly name: string;
}

const SHORT_PERIODS = [
  ["ping-period", "200"],
  ["publish-period", "200"],
  ["info-period", "1000"],
  // So long it decides nothing after it was frozen.
  ["tilt-period", "2000"],
].flat();

/** Starts a sentinel for a primary, with what the primary asks for: a password, or none. */
export async function startSentinel(
  primary: Address & { readonly password?: string },
  options: SentinelOptions = {},
): Promise<RunningSentinel> {
  const { name = "mymaster", requirepass, periods = "real" } = options;
  const server = await startServer({
    endpoint: (port) => plainEndpoint(port, requirepass),
    configuration: async (port, folder) => configuration(primary, port, folder, options),
    args: ["--sentinel"],
    isReady: (line) => line.includes("+monitor master"),
  });
  const { restart } = server;
  const setPeriods = async () => {
    if (periods === "short") await server.command("SENTINEL", "DEBUG", ...SHORT_PERIODS);
  };
  try {
    await setPeriods();
  } catch (error) {
    await server.stop();
    throw error;
  }
  // Assigned, not spread: `pid` is a getter.
  return Object.assign(server, {
    name,
    async restart() {
      await restart();
      await setPeriods();
    },
  });
}

function configuration(
  primary: Address & { readonly password?: string },
  port: number,
  folder: string,
  options: SentinelOptions,
): string[] {
  const { name = "mymaster", quorum = 1, periods = "real", failoverTimeoutMs = 5_000 } = options;
  const { downAfterMs = periods === "short" ? 1_000 : 2_000, requirepass, announced, config = [] } = options;
  return [
    "bind 127.0.0.1",
    `port ${port}`,
    `dir ${quoted(folder)}`,
    ...(requirepass === undefined ? [] : [`requirepass ${quoted(requirepass)}`]),
    `sentinel monitor ${name} ${primary.host} ${primary.port} ${quorum}`,
    `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
    `sentinel failover-timeout ${name} ${failoverTimeoutMs}`,
    ...(primary.password === undefined ? [] : [`sentinel auth-pass ${name} ${quoted(primary.password)}`]),
    ...(announced === undefined
      ? []
      : [`sentinel announce-ip ${announced.host}`, `sentinel announce-port ${announced.port}`]),
    ...config,
  ];
}
