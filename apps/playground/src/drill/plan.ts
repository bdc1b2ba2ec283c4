// What the requests of a trace are to each other: whose payment it was first, who replays it, which session is whose.
import type { DrillRequest } from "./trace.ts";

/** A request that presents a payment. */
export type Paying = Extract<DrillRequest, { action: "pay" | "buy" }>;

export interface PlannedSession {
  buy: Extract<DrillRequest, { action: "buy" }>;
  uses: Extract<DrillRequest, { action: "use" }>[];
}

export interface Plan {
  readonly requests: ReadonlyMap<string, DrillRequest>;
  /** Every request that presents the payment, its owner's first. */
  readonly payments: ReadonlyMap<string, readonly Paying[]>;
  readonly sessions: ReadonlyMap<string, PlannedSession>;
  /** Adds requests, in the order of their time. Throws where an id was added before. */
  add(requests: readonly DrillRequest[]): void;
  /** Who pays for the request, or has paid for its session; undefined for one that pays nothing. */
  payerOf(request: DrillRequest): string | undefined;
  /** True where a client other than its first presents a payment, or for another route than the first. */
  isReplay(request: Paying): boolean;
}

export function planOf(first: readonly DrillRequest[] = []): Plan {
  const requests = new Map<string, DrillRequest>();
  const payments = new Map<string, Paying[]>();
  const sessions = new Map<string, PlannedSession>();
  const plan: Plan = {
    requests,
    payments,
    sessions,
    add(more) {
      for (const request of more) {
        if (requests.has(request.id)) throw new RangeError("A request is in the plan twice.");
        requests.set(request.id, request);
        if (request.action === "buy") sessions.set(request.session, { buy: request, uses: [] });
        if (request.action === "use") sessions.get(request.session)?.uses.push(request);
        if (request.action !== "pay" && request.action !== "buy") continue;
        const presented = payments.get(request.payment);
        if (presented === undefined) payments.set(request.payment, [request]);
        else presented.push(request);
      }
    },
    payerOf(request) {
      if (request.action === "ask") return undefined;
      return request.action === "use" ? sessions.get(request.session)?.buy.payer : request.payer;
    },
    isReplay(request) {
      const [owner] = payments.get(request.payment) ?? [];
      return owner !== undefined && (owner.client !== request.client || owner.route !== request.route);
    },
  };
  plan.add(first);
  return plan;
}
