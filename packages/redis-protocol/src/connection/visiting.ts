// Connections to servers that carry no calls of the stores, such as replicas, for a few questions.
import type { RedisPort, VisitedServer } from "../redis-port.ts";
import { unlessAborted } from "./changes.ts";
import type { ResolvedAccess } from "./connection.ts";
import { DEFAULT_STEP_MS } from "./default-timeouts.ts";
import { addressOf, establish } from "./establish.ts";
import type { RedisLink } from "./redis-link.ts";
import type { RouteOptions } from "./route.ts";

export interface Visiting extends Required<Pick<RedisPort, "visit">> {
  /** Ends all of them. Idempotent. */
  close(): void;
}

export function visiting(access: ResolvedAccess, { library }: Pick<RouteOptions, "library">): Visiting {
  const links = new Set<RedisLink>();
  const stop = new AbortController();
  return {
    async visit(node, stepMs = DEFAULT_STEP_MS): Promise<VisitedServer> {
      const { link } = await establish(await library, { ...access, node }, stepMs, stop.signal);
      if (stop.signal.aborted) {
        // Closed in the tick in which the connection was made: it is none of those that `close` ended.
        link.destroy();
        throw stop.signal.reason;
      }
      links.add(link);
      return {
        name: addressOf(node),
        ask(...words) {
          const signal = AbortSignal.timeout(stepMs);
          return unlessAborted(signal, link.send(words, signal));
        },
        close() {
          links.delete(link);
          link.destroy();
        },
      };
    },
    close() {
      stop.abort(new Error("The stores were closed."));
      for (const link of links) link.destroy();
      links.clear();
    },
  };
}
