// One payment whose caller meets one fault, at any of its calls of the store and of the seller's steps, and the healthy
// callers who come after it.
import { vi } from "vitest";
import type { Paid } from "./paid.ts";
import {
  intercepted,
  keep,
  leaseMs,
  lostReply,
  never,
  notSent,
  type Order,
  type PaymentWorld,
  sellerOf,
} from "./pay-once.test-support.ts";
import { payOnce } from "./pay-once.ts";
import type { Keep, PaymentSteps } from "./payment.ts";

/** What may happen at one call. Those of the first row may happen at every call of the store that follows, too. */
export type Fault =
  | ("is not sent" | "does not arrive" | "loses its reply")
  | ("is answered late" | "is answered after the lease" | "is answered after four leases")
  | ("is aborted before" | "is aborted after" | "dies before" | "dies after")
  | ("stands still before" | "stands still after")
  | ("finds everything forgotten" | "is followed by everything being forgotten");
export const storeFaults: readonly Fault[] = ["is not sent", "does not arrive", "loses its reply"];
export const faults: readonly Fault[] = [
  ...storeFaults,
  ...(["is answered late", "is answered after the lease", "is answered after four leases"] as const),
  ...(["is aborted before", "is aborted after", "dies before", "dies after"] as const),
  ...(["stands still before", "stands still after"] as const),
  ...(["finds everything forgotten", "is followed by everything being forgotten"] as const),
];

/** Where it happens: the nth use of a method of the store on a kind of record, of a step, or of keep. */
export interface Site {
  readonly at: string;
  readonly forGood: boolean;
  readonly fault: Fault;
}

/** A caller on the other instance, with steps of its own; what it is told counts. */
export type Present = (
  by: string,
  more?: Partial<PaymentSteps<string>>,
  options?: { signal?: AbortSignal; order?: Order },
) => Promise<Paid<string>>;

export interface Scenario {
  readonly order: Order;
  /** The order in which the callers after it work. */
  readonly orderAfter: Order;
  readonly keep: Keep<string> | undefined;
  /** What went before. */
  before?(world: PaymentWorld, present: Present): Promise<void>;
  /** The steps of the caller whose calls fail. */
  steps?(world: PaymentWorld): Partial<PaymentSteps<string>>;
}

export interface Outcome {
  /** What went wrong, in words. */
  readonly wrong: string[];
  /** Each site that the first caller came by. */
  readonly trace: string[];
}

type Told = { by: string; paid: Paid<string>; moved: boolean };

/** Runs it, and says what must not be. */
export async function runFault(world: PaymentWorld, scenario: Scenario, site: Site | undefined): Promise<Outcome> {
  const { order, orderAfter } = scenario;
  const options = { leaseMs, order, keep: scenario.keep };
  const wrong: string[] = [];
  const told: Told[] = [];
  const trace: string[] = [];
  const uses = new Map<string, number>();
  const caller = new AbortController();
  let process: "runs" | "dead" = "runs";
  let reached = false;
  let forgotten = false;
  let unheardDelivery = false;
  const others: Promise<void>[] = [];
  const honest = (more?: Partial<PaymentSteps<string>>) =>
    honestSeller(world, site?.fault.includes("forgotten") === true, more);
  const present: Present = async (by, more, { signal, order: ordered = orderAfter } = {}) => {
    const itsOptions = { ...options, order: ordered, signal };
    const paid = await payOnce(world.stores[1], world.payment, honest(more), itsOptions);
    told.push({ by, paid, moved: world.ledger.transfers > 0 });
    return paid;
  };
  await scenario.before?.(world, present);

  /** Performs one call of the first caller's, or has its fault happen. */
  async function perform<T>(use: string, ofStore: boolean, apply: () => Promise<T>): Promise<T> {
    const nth = (uses.get(use) ?? 0) + 1;
    uses.set(use, nth);
    trace.push(`${use} ${nth}`);
    if (process === "dead") return never();
    const here = site?.at === `${use} ${nth}`;
    reached ||= here;
    if (site === undefined || !(here || (site.forGood && reached && ofStore))) return apply();
    const failed = (error: Error) => (ofStore ? error : new Error("a step that failed"));
    const later = async (ms: number) => {
      const reply = await apply();
      await new Promise((resolve) => setTimeout(resolve, ms));
      return reply;
    };
    const standStill = async () => {
      stopped();
      // Whatever it can do without time passing here.
      for (let turn = 0; turn < 500; turn += 1) await Promise.resolve();
    };
    switch (site.fault) {
      case "is not sent":
        throw failed(notSent());
      case "does not arrive":
        throw failed(lostReply());
      case "loses its reply":
        await apply();
        throw failed(lostReply());
      case "is answered late":
        return later(leaseMs / 2);
      case "is answered after the lease":
        return later(1.5 * leaseMs);
      case "is answered after four leases":
        return later(4 * leaseMs);
      case "is aborted before":
        caller.abort(new Error("gone"));
        return apply();
      case "is aborted after": {
        const reply = await apply();
        caller.abort(new Error("gone"));
        return reply;
      }
      case "dies before":
        process = "dead";
        return never();
      case "dies after":
        await apply();
        process = "dead";
        return never();
      case "stands still before":
        await standStill();
        return apply();
      case "stands still after": {
        const reply = await apply();
        await standStill();
        return reply;
      }
      case "finds everything forgotten":
        forget();
        return apply();
      case "is followed by everything being forgotten": {
        const reply = await apply();
        forget();
        return reply;
      }
    }
  }
  const stopped = () => {
    world.standStill(2 * leaseMs);
    others.push(present("the one beside").then(() => undefined));
  };
  const forget = () => {
    forgotten = true;
    for (const key of world.port.records.keys()) world.port.put(key, { endsAtMs: 0, body: null });
  };
  /** As `perform`, for what cannot wait. */
  function use<T>(what: string, make: () => T): T {
    trace.push(`${what} 1`);
    if (site?.at !== `${what} 1`) return make();
    reached = true;
    const { fault } = site;
    if (fault.startsWith("is aborted")) caller.abort(new Error("gone"));
    else if (fault.startsWith("dies")) process = "dead";
    else if (fault.startsWith("stands still")) stopped();
    else if (fault.includes("forgotten")) forget();
    else throw new Error("a result that cannot be kept or read");
    return make();
  }

  const store = intercepted(world.stores[0], ({ method, name, given, apply }) =>
    perform(`${method} ${String(name).slice(0, 2)}`, true, async () => {
      const reply = await apply();
      const delivery = method === "deliver" || (method === "settle" && JSON.stringify(given).includes('"deliver":{'));
      if (delivery) unheardDelivery = true;
      if (method === "undeliver") unheardDelivery = false;
      return reply;
    }),
  );
  const steps = honest(scenario.steps?.(world));
  const faulty: PaymentSteps<string> = {
    verify: (context) => perform("verify", false, () => steps.verify(context)),
    serve: (context) => perform("serve", false, () => steps.serve(context)),
    settle: (context) => perform("settle", false, () => steps.settle(context)),
    findSettlement: (evidence, context) => perform("find", false, () => steps.findSettlement(evidence, context)),
  };

  const faultyKeep = scenario.keep && {
    write: (result: string) => use("write", () => keep.write(result)),
    read: (text: string) => use("read", () => keep.read(text)),
  };

  let first: "open" | "ended" = "open";
  void payOnce(store, world.payment, faulty, { ...options, keep: faultyKeep, signal: caller.signal }).then(
    (paid) => {
      first = "ended";
      if (caller.signal.aborted && paid.status === "paid" && paid.fresh) wrong.push("fresh for a caller that has left");
      told.push({ by: "the first", paid, moved: world.ledger.transfers > 0 });
    },
    () => {
      first = "ended";
    },
  );
  await vi.advanceTimersByTimeAsync(20 * leaseMs);
  if (first === "open" && process === "runs") wrong.push("the first caller is never answered");

  // A healthy caller asks until it is told.
  let last: Paid<string> = { status: "pending", retryAfterMs: 1 };
  for (let times = 0; times < 6 && last.status === "pending"; times += 1) {
    // At last the payment is valid no longer.
    if (times === 5) await vi.advanceTimersByTimeAsync(2 * 3_600_000);
    let answer: Paid<string> | undefined;
    void present("a healthy one").then((paid) => {
      answer = paid;
    });
    await vi.advanceTimersByTimeAsync(4 * leaseMs);
    if (answer === undefined) wrong.push("a healthy caller is never answered");
    last = answer ?? last;
  }
  await Promise.all(others);

  const { transfers } = world.ledger;
  if (site !== undefined && !reached) wrong.push("the fault never happened");
  if (last.status === "pending") wrong.push("pending for good");
  if (transfers > 1) wrong.push(`${transfers} transfers`);
  const fresh = told.filter(({ paid }) => paid.status === "paid" && paid.fresh);
  if (fresh.length > (forgotten ? 2 : 1)) wrong.push(`${fresh.length} fresh: ${fresh.map(({ by }) => by)}`);
  for (const { by, paid, moved } of told) {
    if (paid.status === "rejected" && moved) wrong.push(`${by} is rejected: ${paid.reason}`);
    if (paid.status === "conflict") wrong.push(`${by} is a conflict`);
  }
  const served = told.some(({ paid }) => paid.status === "paid" && (paid.fresh || paid.kept !== undefined));
  const lost = scenario.keep === undefined && unheardDelivery;
  if (transfers > 0 && !served && !lost) wrong.push("paid, but not delivered");
  // A delivery that was not heard of is taken back for sixty leases.
  if (process === "runs" && vi.getTimerCount() > 0) await vi.advanceTimersByTimeAsync(70 * leaseMs);
  if (process === "runs" && vi.getTimerCount() > 0) wrong.push("timers are left");
  return { wrong, trace };
}

/** The seller, whose verifier takes no payment whose time is over. */
function honestSeller(
  world: PaymentWorld,
  nonces: boolean,
  more: Partial<PaymentSteps<string>> = {},
): PaymentSteps<string> {
  return sellerOf(world, {
    async verify() {
      world.ledger.verifies += 1;
      return Date.now() > world.payment.validUntilMs ? { ok: false, reason: "expired" } : { ok: true };
    },
    // A chain that honours nonces: where everything was forgotten it alone holds the line.
    async settle() {
      if (world.ledger.transfers > 0 && nonces) return { ok: false, reason: "nonce used", used: true };
      world.ledger.transfers += 1;
      return { ok: true, receipt: "tx" };
    },
    ...more,
  });
}
