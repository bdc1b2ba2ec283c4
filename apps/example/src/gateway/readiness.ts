// Whether this instance can take payments now: its stores answer, and its facilitator does.
import type { Stores } from "@tollbooth-stores/core";
import type { GatewayConfig } from "./gateway-config.ts";

/** How long each check may take, in milliseconds. */
const checkTimeoutMs = 2_000;

export async function readiness(
  config: GatewayConfig,
  stores: Stores<unknown>,
): Promise<{ ready: boolean; checks: Record<string, string> }> {
  const [storeCheck, facilitatorCheck] = await Promise.all([
    told(() => stores.ping({ signal: AbortSignal.timeout(checkTimeoutMs) })),
    told(async () => {
      const response = await fetch(`${config.facilitator.url}/supported`, {
        signal: AbortSignal.timeout(checkTimeoutMs),
      });
      if (!response.ok) throw new Error("not ok");
      await response.arrayBuffer();
    }),
  ]);
  const checks = { stores: storeCheck, facilitator: facilitatorCheck };
  return { ready: Object.values(checks).every((check) => check === "ok"), checks };
}

async function told(check: () => Promise<unknown>): Promise<string> {
  try {
    await check();
    return "ok";
  } catch {
    return "unreachable";
  }
}
