// The row about limits: handler runs beyond what an address, a payer or a bought session may have.
import type { Limit } from "@tollbooth-stores/example";
import { clientIp } from "../process/client-ip.ts";
import { type Evidence, grouped } from "./evidence.ts";
import type { Run } from "./lane-logs.ts";
import type { Row } from "./row.ts";
import { rowOf } from "./rows.ts";

/** The address as the gateway counts it: of IPv6 the network of 64 bits. */
export const countedAddress = (client: string): string => clientIp(undefined, client, 1);

/**
 * Runs over any limit, each counted once. A fixed window begins with a client's first request, so until an instant at
 * most one more window than whole ones have passed since the start can have begun: as many limits' worth may have run.
 */
export function overLimit({ plan, logs, rules, startedAt }: Evidence): Row {
  const runs = [...logs.runs].sort((a, b) => a.at - b.at);
  const requestOf = (run: Run) => plan.requests.get(run.request);
  const beyond = (keyOf: (run: Run) => string | undefined, allowedAt: (run: Run) => number, each = runs): Run[] =>
    [...grouped(each, keyOf).values()].flatMap((group) => {
      let counted = 0;
      return group.filter((run) => {
        if (counted >= allowedAt(run)) return true;
        counted += 1;
        return false;
      });
    });
  const within = ({ limit, window }: Limit, at: number) =>
    limit * (Math.floor(Math.max(0, at - startedAt) / window) + 1);

  const byAddress = beyond(
    (run) => {
      const request = requestOf(run);
      return request && countedAddress(request.client);
    },
    (run) => within(rules.perIp, run.at),
  );

  // A payment that ran twice took one allowance: that is the business of another row. Each use of a session takes its own.
  const seen = new Set<string>();
  const allowances = runs.filter((run) => {
    const request = requestOf(run);
    if (request?.action !== "pay") return true;
    const again = seen.has(request.payment);
    seen.add(request.payment);
    return !again;
  });
  const byPayer = beyond(
    (run) => {
      const request = requestOf(run);
      const payer = request && plan.payerOf(request);
      return payer === undefined ? undefined : `${request?.route} ${payer}`;
    },
    (run) => {
      const route = rules.routes.get(requestOf(run)?.route ?? "");
      return route === undefined ? Number.POSITIVE_INFINITY : within(route.perPayer, run.at);
    },
    allowances,
  );

  const bySession = beyond(
    (run) => {
      const request = requestOf(run);
      return request?.action === "use" ? request.session : undefined;
    },
    (run) => rules.routes.get(requestOf(run)?.route ?? "")?.calls ?? Number.POSITIVE_INFINITY,
  );

  // A run whose request is not known was not limited.
  const unnamed = runs.filter((run) => requestOf(run) === undefined);
  const over = new Set([...byAddress, ...byPayer, ...bySession, ...unnamed]);
  const parts = [
    [byAddress, "by address"],
    [byPayer, "by payer"],
    [bySession, "beyond the calls bought"],
    [unnamed, "for no request of ours"],
  ] as const;
  const notes = parts.filter(([{ length }]) => length > 0).map(([{ length }, what]) => `${length} ${what}`);
  return rowOf(
    "over-limit",
    0,
    over.size,
    [...over].map(({ request }) => request),
    [notes.length > 0 ? notes.join(", ") : undefined],
  );
}
