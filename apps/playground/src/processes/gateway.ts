// Process: one gateway of the fleet. It is the example's gateway, on the addresses that name this instance, behind the front.
import { readSource } from "@tollbooth-stores/config";
import {
  ConfigError,
  type GatewayConfig,
  gatewayLog,
  readGatewayConfig,
  startGateway,
} from "@tollbooth-stores/example";
import type { MetricsPlace } from "../drill/scrapes.ts";
import { exitCodeOf } from "../exit-code.ts";
import { startReporting } from "../fleet/store-report.ts";
import { requiredEnv, runChild, tellParent } from "../process/child.ts";

/** How long a gateway that was told to stop goes on taking requests, so that the front hears of it first. */
const frontNoticesMs = 100;

/** The sandbox logs the instance that an address names. */
function namedAddresses(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const instance = `/instance/${requiredEnv("GATEWAY_INSTANCE")}/${process.pid}`;
  const named = (name: string) => {
    const { origin, pathname } = new URL(requiredEnv(name));
    return `${origin}${instance}${pathname === "/" ? "" : pathname}`;
  };
  const urls = ["FACILITATOR_URL", "CHAIN_URL", "UPSTREAM_URL"].map((name) => [name, named(name)]);
  return { ...env, ...Object.fromEntries(urls) };
}

/** The front is one more proxy: it has the address that buyers see, and drains for the gateway. */
function behindFront(config: GatewayConfig): GatewayConfig {
  return {
    ...config,
    origin: config.origin ?? requiredEnv("GATEWAY_ORIGIN"),
    host: "127.0.0.1",
    port: 0,
    // Each instance has one of its own.
    metrics: { host: "127.0.0.1", port: 0 },
    drain: frontNoticesMs,
    trustedProxies: config.trustedProxies + 1,
  };
}

/** The stores' file, or the stores of the gateway's own file. Several gateways need stores that they share. */
async function storesDocument(): Promise<unknown> {
  const own = await readSource(requiredEnv("GATEWAY_CONFIG"));
  const file = process.env.STORES;
  if (file && Object(own.value).stores !== undefined)
    throw new ConfigError("The configuration holds stores, and STORES names others; leave one out.");
  const { stores } = Object(file ? (await readSource(file)).value : own.value);
  // A private Redis comes with a secret. A file that names none, and no provider for all stores, may not take one.
  const keySecret = Object(stores).provider === undefined ? undefined : process.env.KEY_SECRET || undefined;
  return {
    stores: { ...(keySecret && { keySecret }), ...stores, instances: Number(requiredEnv("GATEWAY_INSTANCES")) },
  };
}

/**
 * The dashboard shows the requests. In the terminal there would be too many. That memory forgets stands in what `npm start`
 * prints first. A level that was asked for hides nothing.
 */
function terminalLog(): ReturnType<typeof gatewayLog> {
  if (process.env.LOG_LEVEL) return gatewayLog(process.env.LOG_LEVEL);
  return gatewayLog("warn", {
    logMethod(line, write) {
      const { event, provider }: { event?: unknown; provider?: unknown } = Object(line[0]);
      if (event !== "unsafe" || provider !== "memory") write.apply(this, line);
    },
  });
}

await runChild(
  "gateway",
  async () => {
    const env = namedAddresses(process.env);
    const config = await readGatewayConfig(requiredEnv("GATEWAY_CONFIG"), env);
    const gateway = await startGateway(behindFront(config), await storesDocument(), env, terminalLog());
    if (gateway.metricsUrl !== undefined)
      tellParent({ kind: "metrics", url: gateway.metricsUrl } satisfies MetricsPlace);
    const endReporting = startReporting(gateway.stores.describe(), tellParent);
    return {
      url: gateway.url,
      async stop() {
        await gateway.stop();
        endReporting();
      },
    };
  },
  exitCodeOf,
);
