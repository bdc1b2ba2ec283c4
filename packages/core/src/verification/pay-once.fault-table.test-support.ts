// The table of faults: every call of a payment fails in turn, in every way, and a healthy caller comes after: one transfer, one
// fresh, and what was paid for is delivered. It is made of what a payment calls, not written by hand.
import { describe, expect, it, vi } from "vitest";
import {
  type Fault,
  faults,
  type Present,
  runFault,
  type Scenario,
  type Site,
  storeFaults,
} from "./pay-once.faults.test-support.ts";
import { keep, leaseMs, type Order, paymentWorld } from "./pay-once.test-support.ts";

const world = paymentWorld();

const moved = (): { ok: true; receipt: string } => {
  world.ledger.transfers += 1;
  return { ok: true, receipt: "tx" };
};
const died = () => Promise.reject(new Error("died"));
const refused = async () => ({ ok: false, reason: "no funds" }) as const;

const slowly = <T>(work: () => T) => new Promise<T>((resolve) => setTimeout(() => resolve(work()), 1.5 * leaseMs));
const refusedOnce = async (_: unknown, present: Present) => void (await present("the one before", { settle: refused }));

const cases: Record<string, Pick<Scenario, "before" | "steps">> = {
  "a payment": {},
  "a payment whose settlement notes what it does": {
    steps: () => ({
      async settle({ note }) {
        await note("0xhash");
        return moved();
      },
    }),
  },
  "a payment whose steps take longer than a lease": {
    steps: () => ({
      verify: () => slowly(() => ({ ok: true })),
      serve: () => slowly(() => "content"),
      settle: () => slowly(moved),
    }),
  },
  "a settlement whose answer is lost": { steps: () => ({ settle: () => died().finally(moved) }) },
  "a settlement that is refused": { steps: () => ({ settle: refused }) },
  "a settlement that is refused although it moved": {
    steps: () => ({
      async settle() {
        moved();
        return { ok: false, reason: "nonce used", used: true };
      },
    }),
  },
  "a payload that is refused": { steps: () => ({ verify: refused }) },
  "a serve that throws": { steps: () => ({ serve: died }) },
  "a payment in doubt that moved": {
    before: async (_, present) => void (await present("the one before", { settle: () => died().finally(moved) })),
  },
  "a payment in doubt that did not move": {
    before: async (_, present) => void (await present("the one before", { settle: died })),
  },
  "a payment in doubt that is settled by finding out": {
    before: async (_, present) => void (await present("the one before", { settle: died })),
    steps: () => ({ findSettlement: async () => (world.ledger.transfers === 0 ? moved() : { receipt: "tx" }) }),
  },
  "a payment that is owed": {
    async before(_, present) {
      const gone = new AbortController();
      const settle = async () => {
        gone.abort(new Error("gone"));
        return moved();
      };
      await present("the one before", { settle }, { signal: gone.signal }).catch(() => undefined);
      await vi.advanceTimersByTimeAsync(1);
    },
  },
  "a payment that was refused before": { before: refusedOnce },
  "a payment that was refused before, and is now": {
    before: refusedOnce,
    steps: () => ({ verify: refused }),
  },
  "a payment that another is at": {
    async before(_, present) {
      const serve = () => new Promise<string>((resolve) => setTimeout(() => resolve("content"), leaseMs / 2));
      void present("the one before", { serve });
      await vi.advanceTimersByTimeAsync(1);
    },
  },
  "a payment that is delivered": {
    before: async (_, present) => void (await present("the one before")),
  },
};
/** Under which orders the first caller and those after it work, and whether results are kept. */
export interface Setting {
  readonly order: Order;
  readonly orderAfter: Order;
  readonly kept: "what was made" | "nothing";
}

/** Registers the table's tests in some settings. */
export function faultTable(settings: readonly Setting[]): void {
  describe.each(settings)("$order, then $orderAfter, keeping $kept", ({ order, orderAfter, kept }) => {
    it.each(Object.entries(cases))("%s", async (_title, about) => {
      const scenario: Scenario = { order, orderAfter, keep: kept === "nothing" ? undefined : keep, ...about };
      const { trace, wrong } = await runFault(world, scenario, undefined);
      expect(wrong).toEqual([]);
      const found: string[] = [];
      for (const site of sitesOf(trace)) {
        world.renew();
        const outcome = await runFault(world, scenario, site);
        const title = `${site.at} ${site.fault}${site.forGood ? ", and all that follow" : ""}`;
        found.push(...outcome.wrong.map((what) => `${title}: ${what}`));
      }
      expect(found).toEqual([]);
    });
  });
}

function sitesOf(trace: readonly string[]): Site[] {
  const calls = [...new Set(trace)];
  const once = calls.flatMap((at) => faults.map((fault): Site => ({ at, fault, forGood: false })));
  const ofStore = calls.filter((at) => at.includes(":"));
  const forGood = ofStore.flatMap((at) => storeFaults.map((fault: Fault): Site => ({ at, fault, forGood: true })));
  return [...once, ...forGood];
}
