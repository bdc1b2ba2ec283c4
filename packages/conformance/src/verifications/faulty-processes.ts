// Façades over the right store: a process that dies, loses the store's replies, finds the store away, or hears an abort.
import { StoreError, type VerificationStore } from "@tollbooth-stores/core";
import type { Desk } from "./checks.ts";
import { type FakeSeller, type Order, orders, sellerAt } from "./fake-seller.ts";

/** One call of the store that payOnce made. */
export interface Call {
  readonly name: string;
  /** Counted from 0. */
  readonly index: number;
}

type Around = <R>(call: Call, run: () => Promise<R>) => Promise<R>;

/** The store, with `around` in the place of each call that payOnce makes. */
export function intercepted(right: VerificationStore, around: Around): VerificationStore {
  let calls = 0;
  const through = <A extends unknown[], R>(name: string, method: (...given: A) => Promise<R>) => {
    return (...given: A): Promise<R> => {
      const call = { name, index: calls };
      calls += 1;
      return around(call, () => method.apply(right, given));
    };
  };
  return {
    ...right,
    claim: through("claim", right.claim),
    renew: through("renew", right.renew),
    note: through("note", right.note),
    complete: through("complete", right.complete),
    release: through("release", right.release),
    markUnknown: through("markUnknown", right.markUnknown),
    reconcile: through("reconcile", right.reconcile),
    settle: through("settle", right.settle),
    deliver: through("deliver", right.deliver),
    undeliver: through("undeliver", right.undeliver),
    expire: through("expire", right.expire),
    peek: through("peek", right.peek),
  };
}

/** What a caller finds: nothing, a payment whose settlement may have moved money, or one that is settled and owed. */
export type Situation = "new" | "in doubt" | "owed";

const situations: Readonly<Record<Situation, (at: Desk, seller: FakeSeller) => Promise<unknown>>> = {
  new: async () => {},
  "in doubt": ({ store }, seller) =>
    seller.pay(store, {
      async settle() {
        seller.move();
        throw new Error("connection reset");
      },
    }),
  async owed({ store }, seller) {
    await store.settle(seller.record, { receipt: seller.move() });
  },
};

/** A moment of a payment where nothing goes wrong: around one of its calls of the store. */
export interface Moment extends Call {
  readonly order: Order;
  readonly situation: Situation;
  readonly when: "before" | "after";
}

/** A seller with a payment of its own, in the situation that the moment is of. */
export async function sellerIn(
  at: Desk,
  { order, situation }: Pick<Moment, "order" | "situation">,
  name: string,
): Promise<FakeSeller> {
  const seller = sellerAt(at, order, name);
  await situations[situation](at, seller);
  return seller;
}

/** Every such moment, in both orders: before a call is sent, and after it took effect but before it is heard. */
export async function momentsOf(at: Desk, situation: Situation): Promise<Moment[]> {
  const moments: Moment[] = [];
  for (const order of orders) {
    const calls: Call[] = [];
    const watched = intercepted(at.store, (call, run) => {
      calls.push(call);
      return run();
    });
    const seller = await sellerIn(at, { order, situation }, `watched, ${order}, ${situation}`);
    await seller.pay(watched);
    const around = (call: Call) => (["before", "after"] as const).map((when) => ({ ...call, order, situation, when }));
    moments.push(...calls.flatMap(around));
  }
  return moments;
}

/** The moments of all situations. */
export async function allMomentsOf(at: Desk): Promise<Moment[]> {
  return [...(await momentsOf(at, "new")), ...(await momentsOf(at, "in doubt")), ...(await momentsOf(at, "owed"))];
}

export function titleOf({ order, situation, when, name, index }: Moment): string {
  return `${order}, ${situation}, ${when} ${name} (call ${index})`;
}

/** A process: after its death nothing that it does reaches the store, and nothing is told to it. */
export interface Mortal {
  readonly store: VerificationStore;
  /** Dies, and throws what no caller hears. */
  die(): never;
}

/** A process that dies at a moment, or when a step of the seller's says so. */
export function mortal(right: VerificationStore, death?: Pick<Moment, "index" | "when">): Mortal {
  let dead = false;
  const die = (): never => {
    dead = true;
    throw new Error("This process is dead.");
  };
  const store = intercepted(right, async (call, run) => {
    if (dead || (death?.when === "before" && death.index === call.index)) die();
    const reply = await run();
    if (dead || (death?.when === "after" && death.index === call.index)) die();
    return reply;
  });
  return { store, die };
}

/** The call of that moment fails once: it took effect and its reply was lost ("after"), or it was lost itself. */
export function losing(
  right: VerificationStore,
  lost: Pick<Moment, "index" | "when">,
  then: () => void = () => {},
): VerificationStore {
  return intercepted(right, async ({ index }, run) => {
    if (index !== lost.index) return run();
    if (lost.when === "after") await run();
    then();
    throw new StoreError("STORE_UNAVAILABLE", "The reply was lost.", { outcome: "unknown" });
  });
}

/** `calls` calls fail, from that one on: none reaches the store. */
export function away(right: VerificationStore, from: number, calls: number): VerificationStore {
  return intercepted(right, async ({ index }, run) => {
    if (index < from || index >= from + calls) return run();
    throw new StoreError("STORE_UNAVAILABLE", "The store is away.");
  });
}

/** `interrupt` is called at that moment. */
export function interrupted(
  right: VerificationStore,
  at: Pick<Moment, "index" | "when">,
  interrupt: () => void,
): VerificationStore {
  return intercepted(right, async ({ index }, run) => {
    if (index === at.index && at.when === "before") interrupt();
    const reply = await run();
    if (index === at.index && at.when === "after") interrupt();
    return reply;
  });
}

/** The first `notes` notes fail: they took effect and their replies were lost ("after"), or they were lost themselves. */
export function losingNotes(right: VerificationStore, notes: number, when: Moment["when"]): VerificationStore {
  let left = notes;
  return intercepted(right, async ({ name }, run) => {
    if (name !== "note" || left === 0) return run();
    left -= 1;
    if (when === "after") await run();
    throw new StoreError("STORE_UNAVAILABLE", "The reply was lost.", { outcome: "unknown" });
  });
}
