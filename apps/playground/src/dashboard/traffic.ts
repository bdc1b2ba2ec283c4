// Which instance answered what: counted at the front, by instance and by second.
import type { Passed } from "../fleet/front.ts";
import type { InstanceView } from "../fleet/instances.ts";
import { type LastMinute, lastMinute } from "./last-minute.ts";
import type { InstanceState, RecentRequest } from "./state.ts";

export interface Traffic {
  passed(request: Pick<Passed, "instance" | "method" | "path" | "status" | "ms">): void;
  instances(list: readonly InstanceView[]): Omit<InstanceState, "storesAway">[];
  /** The newest first. */
  recent(): RecentRequest[];
}

const mostRecent = 24;
const longestPath = 80;

export function traffic(now: () => number): Traffic {
  const byInstance = new Map<string, { requests: number; perSecond: LastMinute<{ count: number }> }>();
  let recent: RecentRequest[] = [];
  let total = 0;
  const countsOf = (name: string) => {
    const known = byInstance.get(name) ?? { requests: 0, perSecond: lastMinute(() => ({ count: 0 })) };
    byInstance.set(name, known);
    return known;
  };
  return {
    passed({ instance, method, path, status, ms }) {
      total += 1;
      // The query may hold a secret, so it is not shown.
      const shown = path.split("?", 1).join("").slice(0, longestPath);
      const request = { id: total, at: now(), instance, method, path: shown, status, ms: Math.round(ms * 10) / 10 };
      recent = [request, ...recent].slice(0, mostRecent);
      if (instance === undefined) return;
      const counts = countsOf(instance);
      counts.requests += 1;
      counts.perSecond.at(now()).count += 1;
    },
    instances: (list) =>
      list.map(({ name, state, pid, restarts, inFlight }) => {
        const { requests, perSecond } = countsOf(name);
        return {
          name,
          state,
          pid,
          restarts,
          inFlight,
          requests,
          share: total === 0 ? 0 : requests / total,
          perSecond: perSecond.all(now()).map((second) => second?.count ?? 0),
        };
      }),
    recent: () => recent,
  };
}
