// Evidence and late receipts: what settle notes reaches the one who must find out, and a note rejects where the lease is lost.
import { describe, expect, it, vi } from "vitest";
import { isStoreError } from "../errors.ts";
import {
  deferred,
  intercepted,
  keep,
  leaseMs,
  lostReply,
  never,
  notSent,
  orders,
  passing,
  paymentWorld,
  sellerOf,
} from "./pay-once.test-support.ts";
import { payOnce } from "./pay-once.ts";
import type { PaymentSteps } from "./payment.ts";
import type { Lease } from "./verification-store.ts";

const world = paymentWorld();
const seller = (more?: Partial<PaymentSteps<string>>) => sellerOf(world, more);
const died = () => Promise.reject(new Error("died"));
const fresh = { status: "paid", fresh: true, receipt: "tx", result: "content" };
const blind = () =>
  seller({
    async findSettlement(evidence) {
      world.ledger.searches.push(evidence);
      return "unknown";
    },
  });

describe.each(orders)("E14: evidence, %s", (order) => {
  it("that settle noted is handed to findSettlement, in this attempt and in the next", async () => {
    const noting = seller({
      async settle({ note }) {
        await note("first");
        await note("0xhash");
        return { ok: false, reason: "nonce used", used: true };
      },
      findSettlement: blind().findSettlement,
    });
    expect(await payOnce(world.stores[0], world.payment, noting, { order })).toMatchObject({ status: "pending" });
    expect(await payOnce(world.stores[1], world.payment, blind(), { order })).toMatchObject({ status: "pending" });
    expect(world.ledger.searches).toEqual(["0xhash", "0xhash"]);
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "unknown", evidence: "0xhash" });
  });

  it("that a late holder notes between a claim and its reconciliation is seen by that reconciliation", async () => {
    let holder: Lease | undefined;
    const watched = intercepted(world.stores[0], ({ method, given, apply }) => {
      if (method === "renew") holder = given[1] as Lease;
      return apply();
    });
    const dying = seller({ settle: ({ note }) => note("first transaction").then(died) });
    await payOnce(watched, world.payment, dying, { leaseMs, order });
    const overtaken = intercepted(world.stores[1], async ({ method, apply }) => {
      if (method === "reconcile" && holder !== undefined) {
        await world.stores[0].note("p:payment", holder, "second transaction");
      }
      return apply();
    });
    expect(await payOnce(overtaken, world.payment, blind(), { leaseMs, order })).toMatchObject({ status: "pending" });
    expect(world.ledger.searches).toEqual(["second transaction"]);
    expect(await world.stores[0].peek("p:payment")).toMatchObject({ evidence: "second transaction" });
  });

  it("that the store did not take is tried again until it does, while settle works", async () => {
    let refused = 0;
    const tries: number[] = [];
    const flaky = intercepted(world.stores[0], ({ method, apply }) => {
      if (method !== "note") return apply();
      tries.push(performance.now());
      refused += 1;
      return refused <= 5 ? Promise.reject(refused % 2 === 0 ? notSent() : lostReply()) : apply();
    });
    let notedAfterMs = -1;
    const noting = seller({
      async settle({ note }) {
        const started = performance.now();
        await note("0xhash");
        notedAfterMs = performance.now() - started;
        return never();
      },
    });
    void payOnce(flaky, world.payment, noting, { leaseMs, order });
    await vi.advanceTimersByTimeAsync(leaseMs);
    // A store that is away holds nothing up.
    expect(notedAfterMs).toBe(0);
    expect(tries.map((at) => at - (tries[0] ?? 0))).toEqual([0, 250, 500, 750, 1_000, 1_250]);
    // It dies here: its lease ends in doubt, with the evidence.
    await vi.advanceTimersByTimeAsync(3 * leaseMs);
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ evidence: "0xhash" });
  });

  it("that no note could bring is kept with the doubt", async () => {
    const deaf = intercepted(world.stores[0], ({ method, apply }) =>
      method === "note" ? Promise.reject(lostReply()) : apply(),
    );
    const noting = seller({ settle: ({ note }) => note("0xhash").then(died) });
    await payOnce(deaf, world.payment, noting, { order });
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "unknown", evidence: "0xhash" });
  });

  it("whose note is still under way when the settlement fails is not replaced by the one before", async () => {
    const slow = intercepted(world.stores[0], async ({ method, given, apply }) => {
      const reply = await apply();
      return method === "note" && given[2] === "second" ? new Promise((r) => setTimeout(r, 100, reply)) : reply;
    });
    const failing = seller({
      async settle({ note }) {
        await note("first");
        void note("second").catch(() => undefined);
        return died();
      },
    });
    const paid = await passing(200, payOnce(slow, world.payment, failing, { leaseMs, order }));
    expect(paid).toMatchObject({ status: "pending" });
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "unknown", evidence: "second" });
  });

  it("that can never be kept is refused, and does not replace what is", async () => {
    let refusal: unknown;
    const shouting = seller({
      async settle({ note }) {
        await note("first");
        await note("x".repeat(70_000)).catch((error: unknown) => {
          refusal = error;
        });
        return died();
      },
    });
    expect(await payOnce(world.stores[0], world.payment, shouting, { order })).toMatchObject({ status: "pending" });
    expect(isStoreError(refusal, "STORE_VALUE_TOO_LARGE")).toBe(true);
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "unknown", evidence: "first" });
  });

  it("that is newer than what is on its way is sent next, and both notes wait for the last", async () => {
    const texts: unknown[] = [];
    const slow = intercepted(world.stores[0], async ({ method, given, apply }) => {
      if (method !== "note") return apply();
      texts.push(given[2]);
      await new Promise((resolve) => setTimeout(resolve, 100));
      return apply();
    });
    const heard: number[] = [];
    const noting = seller({
      async settle({ note }) {
        const started = performance.now();
        await Promise.all(
          ["a", "b", "c"].map((text) => note(text).then(() => heard.push(performance.now() - started))),
        );
        return { ok: true, receipt: "tx" };
      },
    });
    expect(await passing(leaseMs / 2, payOnce(slow, world.payment, noting, { leaseMs, order }))).toEqual(fresh);
    expect(texts).toEqual(["a", "c"]);
    expect(heard).toEqual([200, 200, 200]);
  });
});

describe.each(orders)("E14: a note where the lease is lost, %s", (order) => {
  /** Settles only after its note was taken, as the README shows; says how the note ended. */
  const careful = (beforeNote: () => Promise<void> = async () => undefined) => {
    const notes: string[] = [];
    const steps = seller({
      async settle({ note, signal }) {
        await beforeNote();
        await note("0xhash").then(
          () => notes.push("taken"),
          (error: unknown) => {
            notes.push(error instanceof DOMException ? error.name : "another");
            throw error;
          },
        );
        signal.throwIfAborted();
        world.ledger.transfers += 1;
        return { ok: true, receipt: "tx" };
      },
    });
    return { steps, notes };
  };

  it("rejects after a process stood still inside settle, though no timer has fired", async () => {
    const { steps, notes } = careful(async () => {
      world.standStill(2 * leaseMs);
      await payOnce(world.stores[1], world.payment, seller({ findSettlement: async () => ({ none: "void" }) }), {
        order,
      });
    });
    const paid = await payOnce(world.stores[0], world.payment, steps, { leaseMs, order });
    expect(notes).toEqual(["AbortError"]);
    expect(world.ledger.transfers).toBe(0);
    expect(paid).toMatchObject({ status: "pending" });
  });

  it("rejects where the process stood still while the note was under way", async () => {
    const halting = intercepted(world.stores[0], async ({ method, apply }) => {
      const reply = await apply();
      if (method === "note") world.standStill(2 * leaseMs);
      return reply;
    });
    const { steps, notes } = careful();
    const paid = await payOnce(halting, world.payment, steps, { leaseMs, order });
    expect(notes).toEqual(["AbortError"]);
    expect(world.ledger.transfers).toBe(0);
    expect(paid).toMatchObject({ status: "pending" });
  });

  it("rejects where the note failed and the lease is over by then", async () => {
    const halting = intercepted(world.stores[0], async ({ method, apply }) => {
      if (method !== "note") return apply();
      world.standStill(2 * leaseMs);
      throw lostReply();
    });
    const { steps, notes } = careful();
    await payOnce(halting, world.payment, steps, { leaseMs, order });
    expect(notes).toEqual(["AbortError"]);
    expect(world.ledger.transfers).toBe(0);
  });

  it("rejects where the store says that another holds it, and aborts the settlement", async () => {
    const robbed = intercepted(world.stores[0], async ({ method, given, apply }) => {
      if (method === "note") await world.stores[1].release("p:payment", given[1] as Lease);
      return apply();
    });
    const { steps, notes } = careful();
    expect(await payOnce(robbed, world.payment, steps, { leaseMs, order })).toMatchObject({ status: "pending" });
    expect(notes).toEqual(["AbortError"]);
    expect(world.ledger.transfers).toBe(0);
  });

  it("rejects while it is under way, as soon as settle's time is over", async () => {
    let rejectedAtMs = -1;
    const started = performance.now();
    const deaf = intercepted(world.stores[0], ({ method, apply }) =>
      method === "renew" || method === "note"
        ? apply().then((reply) => (world.ledger.settles === 1 ? new Promise((r) => setTimeout(r, 100, reply)) : reply))
        : apply(),
    );
    const hung = seller({
      async settle({ note }) {
        world.ledger.settles = 1;
        await new Promise((resolve) => setTimeout(resolve, 3 * leaseMs - 50));
        await note("0xhash").catch(() => {
          rejectedAtMs = performance.now() - started;
        });
        return never();
      },
    });
    const paid = await passing(4 * leaseMs, payOnce(deaf, world.payment, hung, { leaseMs, order }));
    expect(paid).toMatchObject({ status: "pending" });
    expect(rejectedAtMs).toBeGreaterThanOrEqual(3 * leaseMs);
  });

  it("rejects after the attempt, and from another step than settle", async () => {
    let note: (evidence: string) => Promise<void> = async () => undefined;
    const leaking = seller({
      async settle(context) {
        note = context.note;
        return { ok: true, receipt: "tx" };
      },
    });
    await payOnce(world.stores[0], world.payment, leaking, { order });
    await expect(note("0xhash")).rejects.toMatchObject({ name: "AbortError", message: /lease was lost/ });
  });
});

describe.each(orders)("a process that stands still, %s", (order) => {
  it("from its last renewal until after its lease settles nothing, though no timer of its own has fired", async () => {
    const settling = () => seller();
    const halted = intercepted(world.stores[0], async ({ method, apply }) => {
      const renewed = await apply();
      if (method === "renew" && world.ledger.settles === 0) {
        world.standStill(2 * leaseMs);
        world.ledger.transfers += 1;
        expect(await payOnce(world.stores[1], world.payment, settling(), { leaseMs, order })).toEqual(fresh);
      }
      return renewed;
    });
    expect(await payOnce(halted, world.payment, settling(), { leaseMs, order })).toEqual({
      ...{ status: "paid", fresh: false },
      receipt: "tx",
    });
    expect(world.ledger).toMatchObject({ settles: 0, transfers: 1 });
  });

  it("after its claim was answered begins nothing under that lease", async () => {
    const halted = intercepted(world.stores[0], async ({ method, name, apply }) => {
      const claim = await apply();
      if (method === "claim" && name === "p:payment" && world.ledger.serves === 0) {
        world.standStill(2 * leaseMs);
        expect(await payOnce(world.stores[1], world.payment, seller(), { leaseMs, order })).toEqual(fresh);
      }
      return claim;
    });
    const paid = await payOnce(halted, world.payment, seller(), { leaseMs, order });
    expect(paid).toMatchObject({ status: "paid", fresh: false });
    expect(world.ledger).toMatchObject({ serves: 1, transfers: 1 });
  });

  it("in settle, and comes back with a receipt: it is recorded without any lease, once", async () => {
    const answer = deferred<{ ok: true; receipt: string }>();
    const signals: AbortSignal[] = [];
    const slow = seller({
      settle({ signal }) {
        signals.push(signal);
        world.ledger.transfers += 1;
        return answer.promise;
      },
    });
    const first = payOnce(world.stores[0], world.payment, slow, { leaseMs, order, keep });
    await vi.advanceTimersByTimeAsync(10);
    world.standStill(2 * leaseMs);
    // Its timers fire late: the lease is over by its own clock.
    expect(await passing(leaseMs, first)).toMatchObject({ status: "pending" });
    expect(signals[0]?.reason).toMatchObject({ name: "AbortError", message: expect.stringMatching(/lease was lost/) });
    answer.resolve({ ok: true, receipt: "tx" });
    await vi.advanceTimersByTimeAsync(10);
    expect(await world.stores[1].peek("p:payment")).toMatchObject({ status: "settled", receipt: "tx" });
    expect(await payOnce(world.stores[1], world.payment, seller(), { leaseMs, order, keep })).toEqual(fresh);
    expect(world.ledger).toMatchObject({ transfers: 1, searches: [] });
  });

  it("and whose lease was never renewed is overtaken while it serves", async () => {
    const cut = intercepted(world.stores[0], async ({ method, given, apply }) => {
      if (method === "claim") await new Promise((resolve) => setTimeout(resolve, 50));
      if (method === "renew" && JSON.stringify(given[3]) === "{}") throw notSent();
      return apply();
    });
    const signals: AbortSignal[] = [];
    const stuck = seller({
      serve({ signal }) {
        signals.push(signal);
        return never();
      },
    });
    const first = payOnce(cut, world.payment, stuck, { leaseMs, order });
    await vi.advanceTimersByTimeAsync(200);
    const second = payOnce(world.stores[1], world.payment, seller(), { leaseMs: 10_000, order });
    const both = await passing(2 * leaseMs, Promise.all([first, second]));
    expect(both).toContainEqual(fresh);
    expect(both).toContainEqual({ status: "paid", fresh: false, receipt: "tx" });
    expect(signals[0]?.reason).toMatchObject({ name: "AbortError" });
    expect(world.ledger.transfers).toBe(1);
  });
});
