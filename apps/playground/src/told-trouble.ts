// What the terminal of `npm start` is told about trouble: not ready at the start, a gateway that ended, and its return.
import { z } from "zod";
import type { InstanceView } from "./fleet/instances.ts";

/** The gateway's own checks take two seconds at the most. */
const readyWithinMs = 5_000;

/** Sentences for the words that the gateway's /readyz uses. Any other word means "cannot be reached". */
const troubles: Readonly<Record<string, string>> = { unwritable: "take no writes", full: "are full" };

const readiness = z.object({ checks: z.record(z.string(), z.string()) });

/** Asks /readyz once; resolves with what is to be said, undefined where all is well. */
export async function readinessTrouble(url: string): Promise<string | undefined> {
  const until = "Payments answer 503 until";
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(readyWithinMs) });
    const body: unknown = await response.json();
    if (response.ok) return undefined;
    const checks = Object.entries(readiness.parse(body).checks);
    const wrong = checks
      .filter(([, check]) => check !== "ok")
      .map(([name, check]) => `its ${name} ${troubles[check] ?? "cannot be reached"}`);
    if (wrong.length > 0) return `Not ready: ${wrong.join(" and ")}. ${until} that has ended.`;
  } catch {
    // Told below: no answer, or none that says why.
  }
  return `Not ready: ${url}/readyz does not say why. ${until} it is.`;
}

/** Follows the instances' changes; a restart that was ordered is no trouble. */
export function instanceTrouble(say: (line: string) => void): (instance: InstanceView) => void {
  const down = new Set<string>();
  return ({ name, state, pid }) => {
    if (state === "down" && !down.has(name)) {
      down.add(name);
      say(`${name} ended by itself or was killed.`);
    }
    if (state === "ready" && down.delete(name)) say(`${name} is back (pid ${pid}).`);
  };
}
