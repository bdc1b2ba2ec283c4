// Whether this instance can take payments now: its stores answer, and its facilitator does.
import type { Stores } from "@tollbooth-stores/core";
import type { GatewayConfig } from "./gateway-config.ts";

/** How long each check may take, in milliseconds. */
const checkTimeoutMs = 2_000;
/** How long an answer counts: anybody may ask, and the facilitator is somebody else's. */
const answerCountsMs = 3_000;

export interface Readiness {
  ready: boolean;
  checks: Record<string, string>;
}

/** Asks the facilitator once in a while, and never twice at once, however often it is called. */
export function readiness(config: GatewayConfig, stores: Stores<unknown>): () => Promise<Readiness> {
  const facilitator = remembered(() =>
    told(async () => {
      const response = await fetch(`${config.facilitator.url}/supported`, {
        signal: AbortSignal.timeout(checkTimeoutMs),
      });
      if (!response.ok) throw new Error("not ok");
      await response.arrayBuffer();
    }),
  );
  return async () => {
    const [storeCheck, facilitatorCheck] = await Promise.all([
      told(() => stores.ping({ signal: AbortSignal.timeout(checkTimeoutMs) })),
      facilitator(),
    ]);
    const checks = { stores: storeCheck, facilitator: facilitatorCheck };
    return { ready: Object.values(checks).every((check) => check === "ok"), checks };
  };
}

function remembered<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask().finally(() => setTimeout(() => (answer = undefined), answerCountsMs).unref());
    return answer;
  };
}

async function told(check: () => Promise<unknown>): Promise<string> {
  try {
    await check();
    return "ok";
  } catch {
    return "unreachable";
  }
}
