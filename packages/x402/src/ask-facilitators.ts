// What the facilitators of a server support: asked once for all its gates, and again where a gate misses one.
import type { x402ResourceServer } from "@x402/core/server";

const asked = new WeakMap<x402ResourceServer, Promise<void>>();

/** As `server.initialize`, once. Rejects with the SDK's errors, and is asked anew then. */
export function askFacilitators(server: x402ResourceServer): Promise<void> {
  const begun =
    asked.get(server) ??
    learn(server).catch((error: unknown) => {
      asked.delete(server);
      throw error;
    });
  asked.set(server, begun);
  return begun;
}

/** The SDK is content with one facilitator of several. A gate whose routes need another one asks again. */
export function forgetFacilitators(server: x402ResourceServer): void {
  asked.delete(server);
}

/** Where the SDK keeps what it learnt, private in its types. */
const kept = ["supportedResponsesMap", "facilitatorClientsMap"];

/**
 * The SDK forgets all facilitators until it has asked anew, and meanwhile every gate of the server would fail. So the answers are
 * gathered aside, and added to what is known.
 */
async function learn(server: x402ResourceServer): Promise<void> {
  const known = kept.map((name): unknown => Reflect.get(server, name));
  if (!known.every(isMap)) return server.initialize();
  const fresh = kept.map(() => new Map<unknown, unknown>());
  const aside: x402ResourceServer = Object.create(
    server,
    Object.fromEntries(kept.map((name, index) => [name, { value: fresh[index] }])),
  );
  await aside.initialize();
  known.forEach((into, index) => {
    addTo(into, fresh[index] ?? new Map());
  });
}

function addTo(into: Map<unknown, unknown>, from: ReadonlyMap<unknown, unknown>): void {
  for (const [key, value] of from) {
    const inner = into.get(key);
    if (isMap(inner) && isMap(value)) addTo(inner, value);
    else into.set(key, value);
  }
}

function isMap(value: unknown): value is Map<unknown, unknown> {
  return value instanceof Map;
}
