// What the facilitators of a server support: asked once for all its gates, and again where a gate misses one.
import type { ResourceServer } from "./resource-server.ts";

const asked = new WeakMap<ResourceServer, Promise<void>>();

/** As `server.initialize`, once. Rejects with the SDK's errors, and is asked anew then. */
export function askFacilitators(server: ResourceServer): Promise<void> {
  const begun =
    asked.get(server) ??
    server.initialize().catch((error: unknown) => {
      asked.delete(server);
      throw error;
    });
  asked.set(server, begun);
  return begun;
}

/** The SDK is content with one facilitator of several. A gate whose routes need another one asks again. */
export function forgetFacilitators(server: ResourceServer): void {
  asked.delete(server);
}
