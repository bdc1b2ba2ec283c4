// Process: one gateway of the fleet. It is the example's gateway, on the addresses that name this instance, behind the front.
import { type GatewayConfig, startGateway } from "@tollbooth-stores/example";
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
    sessionSecret: config.sessionSecret ?? requiredEnv("SESSION_SECRET"),
    origin: config.origin ?? requiredEnv("GATEWAY_ORIGIN"),
    host: "127.0.0.1",
    port: 0,
    drainMs: frontNoticesMs,
    trustedProxies: config.trustedProxies + 1,
  };
}

await runChild(
  "gateway",
  async () => {
    const gateway = await startGateway(requiredEnv("GATEWAY_CONFIG"), namedAddresses(process.env), {
      adapt: behindFront,
      instances: Number(requiredEnv("GATEWAY_INSTANCES")),
    });
    const endReporting = startReporting(gateway.stores, tellParent);
    return {
      ...gateway,
      async stop() {
        await gateway.stop();
        endReporting();
      },
    };
  },
  exitCodeOf,
);
