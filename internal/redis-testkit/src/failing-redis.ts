// A Redis of one's own to break: what the suites' server probe asks for, on a real server behind a proxy.
import type { ServerProbe } from "@tollbooth-stores/conformance";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import type { RedisEndpoint } from "./resp-command.ts";
import { type RunningRedis, startRedis } from "./start-redis.ts";

export interface FailingRedis {
  readonly redis: RunningRedis;
  readonly proxy: FaultProxy;
  /** What a client under test connects to: the proxy. */
  readonly endpoint: RedisEndpoint;
  probe(commandTimeoutMs: number, provoke: ServerProbe["provoke"]): ServerProbe;
  stop(): Promise<void>;
}

/** Keeps what it stored over a restart. */
export async function startFailingRedis(): Promise<FailingRedis> {
  const redis = await startRedis({ survivesKill: true });
  const proxy = await startFaultProxy(redis);
  const { host } = redis;
  return {
    redis,
    proxy,
    endpoint: { host, port: proxy.port, url: `redis://${host}:${proxy.port}` },
    probe: (commandTimeoutMs, provoke) => ({
      commandTimeoutMs,
      freeze: () => redis.kill("SIGSTOP"),
      thaw: () => redis.kill("SIGCONT"),
      stop: () => redis.kill("SIGKILL"),
      start: () => redis.restart(),
      async flushScripts() {
        await redis.command("SCRIPT", "FLUSH");
      },
      async answerOnce(error: string) {
        proxy.answerOnce(error);
      },
      ...(provoke === undefined ? {} : { provoke }),
    }),
    async stop() {
      await proxy.close();
      await redis.stop();
    },
  };
}
