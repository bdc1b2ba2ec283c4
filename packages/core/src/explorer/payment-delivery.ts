// Paid means delivered, as the explorer checks it: in every state all callers die, and then one healthy caller asks.
import { wakeAtMs } from "../verification/pay-machine/next.ts";
import { phaseOf, readBody } from "../verification/verification-record.ts";
import { tell, withStarted } from "./payment-caller.ts";
import { nameOfRecord } from "./payment-canonical.ts";
import { stepMoves } from "./payment-steps.ts";
import { applied, isTooLarge, tooLarge } from "./payment-store.ts";
import { callerAt, nameOf, type PaymentRules, type PaymentWorld, type Presented, storeMs } from "./payment-world.ts";

/** How often the healthy caller asks again when told to, and how many moves it may take. */
const MOST_CALLS = 3;
const MOST_MOVES = 200;

/**
 * The violation in the answers of a healthy caller, in whatever state the others died; null where there is none. A
 * process that dies never moves again, so this is a kill at every point. A transfer under way lands, or is dropped.
 */
export function undelivered(rules: PaymentRules): (world: PaymentWorld) => string | null {
  const known = new Map<string, string | null>();
  return (world) => {
    const forgotten = toNobody(world);
    if (forgotten !== null) return forgotten;
    const { transfer, fresh, handedOver, none, record, kept } = world;
    if (record === null && transfer.state === "none") return null;
    const facts = [nameOfRecord(world), kept !== null, transfer.state, fresh, handedOver, none];
    const name = facts.join();
    let message = known.get(name);
    if (message === undefined) {
      const ends = transfer.state === "flying" ? (["landed", "dropped"] as const) : [transfer.state];
      message = null;
      for (const state of ends) message ??= wrongFor(rules, { ...world, transfer: { ...transfer, state } });
      known.set(name, message);
    }
    return message;
  };
}

/** A delivery by an ended caller that told no payer, and left no result to hand out. */
function toNobody({ record, kept, callers, handedOver }: PaymentWorld): string | null {
  const body = readBody(record);
  for (const [index, { machine, gotReceipt, failures, told }] of callers.entries()) {
    if (machine.at !== "ended" || failures > 1) continue;
    const recorded = body?.state === "settled" || body?.state === "delivered";
    if (gotReceipt && !recorded) return `${nameOf(index)} had a receipt, and it is not on record`;
    const own = body?.state === "delivered" && body.payment?.deliveredBy?.startsWith(`${nameOf(index)}:`) === true;
    const heard = told?.status === "paid" && told.fresh;
    if (own && !heard && kept === null && !handedOver) return `${nameOf(index)} delivered it to no caller`;
  }
  return null;
}

function wrongFor(rules: PaymentRules, died: PaymentWorld): string | null {
  const healthy: Presented = rules.callers[0] ?? { order: "serve-then-settle", fingerprint: "", payload: "" };
  const landed = died.transfer.state === "landed";
  const body = readBody(died.record);
  const { fingerprint, payment } = body ?? {};
  const others =
    fingerprint !== "" && (fingerprint !== healthy.fingerprint || payment?.collector !== healthy.collector);
  const bare = body?.state === "delivered" && died.kept === null;
  let world: PaymentWorld = { ...died, callers: [], strays: [], away: false, left: { faults: 0, clockSteps: 0 } };
  for (let call = 0; call < MOST_CALLS; call += 1) {
    // Stands for a caller that the world does not hold yet. Its rules are those of the first caller.
    const asking = { ...rules, callers: Array.from({ length: call + 1 }, () => healthy) };
    world = runs(withStarted(world, asking, healthy, `healthy ${call}`), asking, call);
    if (world.broken !== null) return `then a healthy caller: ${world.broken}`;
    const { told } = callerAt(world, call);
    if (told === undefined) return "a healthy caller was never answered";
    if (told.status === "pending") continue;
    if (told.status === "conflict" && body !== null && (others || payment?.payload !== healthy.payload)) return null;
    if (told.status === "paid") {
      if (told.fresh || told.kept !== undefined || died.fresh > 0 || died.handedOver || bare) return null;
      return "paid for, and a healthy caller gets nothing";
    }
    if (landed) return `paid for, and a healthy caller is told ${told.status}`;
    return told.status === "rejected" ? null : `a healthy caller is told ${told.status}`;
  }
  return landed
    ? "paid for, and a healthy caller is told pending for ever"
    : "a healthy caller is told pending for ever";
}

/**
 * One caller alone, to its end. The store answers, the seller's steps succeed and tell the truth, and the clock moves
 * on.
 */
function runs(started: PaymentWorld, rules: PaymentRules, index: number): PaymentWorld {
  let world = started;
  for (let move = 0; move < MOST_MOVES; move += 1) {
    const { machine, calling, waiting, told } = callerAt(world, index);
    if (world.broken !== null || (told !== undefined && machine.at === "ended")) return world;
    if (calling !== undefined) {
      if (isTooLarge(rules, calling.call)) {
        world = tell(world, rules, index, tooLarge);
        continue;
      }
      const { world: after, event } = applied(world, rules, { actor: index, call: calling.call });
      world = tell(after, rules, index, event(calling.sentAtMs));
      continue;
    }
    const flying = world.transfer.state === "flying";
    if (flying) world = { ...world, transfer: { ...world.transfer, state: "landed" } };
    const [step] = stepMoves(world, rules, index);
    if (step !== undefined) {
      world = step.next;
      continue;
    }
    const body = readBody(world.record);
    const held =
      body !== null && phaseOf(body, storeMs(world)) === "held"
        ? body.leaseUntilMs + world.backMs
        : Number.POSITIVE_INFINITY;
    const wake = Math.min(wakeAtMs(machine) ?? Number.POSITIVE_INFINITY, waiting ? held : Number.POSITIVE_INFINITY);
    if (!Number.isFinite(wake)) return world;
    world = { ...world, nowMs: Math.max(world.nowMs, wake) };
    world = tell(world, rules, index, waiting ? { on: "waited" } : { on: "time" });
  }
  return world;
}
