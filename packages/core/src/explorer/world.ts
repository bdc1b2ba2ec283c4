// Actors, a store, a network that loses, repeats and delays, and a clock. Every scenario is a model of this shape.
import type { Step, StoredRecord } from "../atomic-port.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { Model, Move } from "./explore.ts";

/** How much may go wrong in one run, and how often the clock may move on. */
export interface Budgets {
  readonly faults: number;
  readonly clockSteps: number;
}

/**
 * The whole state. `L`: an actor's knowledge; `C`: a call; `G`: the scenario's books, against which the rest is
 * checked.
 */
export interface World<L, C, G> {
  readonly nowMs: number;
  /** Live records only. */
  readonly records: Readonly<Record<string, StoredRecord>>;
  /** One for each name. null: crashed. */
  readonly actors: readonly (L | null)[];
  /** Calls that were sent and may still be applied, once or never. No actor waits for their replies. */
  readonly strays: readonly Sent<C>[];
  /** The rest of the budgets. */
  readonly left: Budgets;
  readonly ghost: G;
}

interface Sent<C> {
  readonly actor: number;
  readonly call: C;
}

/** An actor's next step: sends a call, or does something that involves no store. */
export type Turn<L, C, G> = { readonly call: C } | { readonly does: string; readonly local: L; readonly ghost?: G };

/** A call that has just been applied. */
export interface Applied<C, R> extends Sent<C> {
  readonly reply: R;
  /** The call's records before it. */
  readonly before: readonly (StoredRecord | null)[];
  /** And after it. */
  readonly after: readonly (StoredRecord | null)[];
  readonly nowMs: number;
}

/** Short programs over real transitions. All functions are pure; states, calls and ghosts are plain data. */
export interface Scenario<L, C, R, G> {
  readonly names: readonly string[];
  readonly startMs: number;
  readonly actors: readonly L[];
  readonly ghost: G;
  readonly records?: Readonly<Record<string, StoredRecord>>;
  /** Empty where the actor is done, or must wait. */
  turns(local: L, world: World<L, C, G>, actor: number): readonly Turn<L, C, G>[];
  keysOf(call: C): readonly string[];
  step(call: C, records: readonly (StoredRecord | null)[], nowMs: number): Step<R>;
  /** The books after a call was applied, whether or not an actor gets the reply. */
  applied(ghost: G, event: Applied<C, R>): G;
  /** The actor's knowledge after its call. null: an error that leaves the outcome open. */
  answered(local: L, call: C, reply: R | null, nowMs: number): L;
  /** False: a second copy of this call can only arrive right after the first. */
  straggles?(call: C): boolean;
  /** Instants at which something ends. */
  instants(world: World<L, C, G>): readonly number[];
  /** Events outside of actors and store. */
  surroundings?(world: World<L, C, G>): readonly { does: string; ghost: G }[];
  /** The books after the clock moved on. */
  ticked?(ghost: G, nowMs: number): G;
  invariant(world: World<L, C, G>): string | null;
  describeCall(call: C): string;
  describeReply(reply: R): string;
}

/**
 * The model of a scenario. An actor's call is applied and answered in one move, because only the actor's own next move
 * shows that an answer was read. Each of these costs a fault:
 * - an actor crashes before any of its turns, which is after its last call was applied; so before or after each step;
 * - a reply is lost: the call was applied, the actor gets an error;
 * - a call is delayed: the actor gets an error, the call is applied at any later time, or never;
 * - a call arrives twice: the second time at any later time, or never.
 */
export function modelOf<L, C, R, G>(scenario: Scenario<L, C, R, G>, budgets: Budgets): Model<World<L, C, G>> {
  type W = World<L, C, G>;
  const nameOf = (actor: number) => scenario.names[actor] ?? `actor ${actor}`;

  /** Applies a call to the store. */
  const apply = (world: W, sent: Sent<C>): { world: W; reply: R } => {
    const keys = scenario.keysOf(sent.call);
    const before = keys.map((key) => world.records[key] ?? null);
    const { writes = [], reply } = scenario.step(sent.call, before, world.nowMs);
    const records = { ...world.records };
    keys.forEach((key, index) => {
      const write = writes[index];
      if (write === null) delete records[key];
      else if (write !== undefined) records[key] = write;
    });
    const after = keys.map((key) => records[key] ?? null);
    const ghost = scenario.applied(world.ghost, { ...sent, reply, before, after, nowMs: world.nowMs });
    return { world: { ...world, records: live(records, world.nowMs), ghost }, reply };
  };
  const knowing = (world: W, actor: number, local: L | null): W => ({
    ...world,
    actors: world.actors.with(actor, local),
  });
  const faulty = (world: W): W => ({ ...world, left: { ...world.left, faults: world.left.faults - 1 } });
  const straying = (world: W, sent: Sent<C>): W => ({
    ...world,
    // Sorted, so that equal sets are equal states.
    strays: [...world.strays, sent].sort((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1)),
  });

  const sends = (world: W, actor: number, local: L, call: C): Move<W>[] => {
    const sent = { actor, call };
    const who = `${nameOf(actor)}: ${scenario.describeCall(call)}`;
    const answer = (to: W, reply: R | null) => knowing(to, actor, scenario.answered(local, call, reply, world.nowMs));
    const { world: after, reply } = apply(world, sent);
    const heard = scenario.describeReply(reply);
    const moves = [{ label: `${who} -> ${heard}`, next: answer(after, reply) }];
    if (world.left.faults === 0) return moves;
    const twice =
      (scenario.straggles?.(call) ?? true)
        ? { label: `${who}, and a copy is under way -> ${heard}`, next: straying(answer(after, reply), sent) }
        : { label: `${who}, applied twice -> ${heard}`, next: answer(apply(after, sent).world, reply) };
    moves.push(
      { label: `${who} -> ${heard}, but the reply is lost`, next: faulty(answer(after, null)) },
      { label: `${who} -> error, the call is delayed`, next: faulty(straying(answer(world, null), sent)) },
      { label: twice.label, next: faulty(twice.next) },
    );
    return moves;
  };

  const actorMoves = (world: W, actor: number): Move<W>[] => {
    const local = world.actors[actor];
    if (local === undefined || local === null) return [];
    const turns = scenario.turns(local, world, actor);
    const moves = turns.flatMap((turn) => {
      if ("call" in turn) return sends(world, actor, local, turn.call);
      const next = knowing({ ...world, ghost: turn.ghost ?? world.ghost }, actor, turn.local);
      return [{ label: `${nameOf(actor)}: ${turn.does}`, next }];
    });
    if (turns.length > 0 && world.left.faults > 0) {
      moves.push({ label: `${nameOf(actor)} crashes`, next: faulty(knowing(world, actor, null)) });
    }
    return moves;
  };

  const lateMoves = (world: W): Move<W>[] =>
    world.strays.map((sent, index) => {
      const { world: after, reply } = apply({ ...world, strays: world.strays.toSpliced(index, 1) }, sent);
      const heard = scenario.describeReply(reply);
      return {
        label: `${nameOf(sent.actor)}'s call arrives late: ${scenario.describeCall(sent.call)} -> ${heard}, unheard`,
        next: after,
      };
    });

  const clockMoves = (world: W): Move<W>[] => {
    const ahead = scenario.instants(world).filter((instant) => instant > world.nowMs);
    if (ahead.length === 0 || world.left.clockSteps === 0) return [];
    const nowMs = Math.min(...ahead);
    const next: W = {
      ...world,
      nowMs,
      records: live(world.records, nowMs),
      left: { ...world.left, clockSteps: world.left.clockSteps - 1 },
      ghost: scenario.ticked?.(world.ghost, nowMs) ?? world.ghost,
    };
    return [{ label: `clock: +${nowMs - world.nowMs} ms`, next }];
  };

  return {
    initial: {
      nowMs: scenario.startMs,
      records: scenario.records ?? {},
      actors: scenario.actors,
      strays: [],
      left: budgets,
      ghost: scenario.ghost,
    },
    moves: (world) => [
      ...world.actors.flatMap((_, actor) => actorMoves(world, actor)),
      ...(scenario.surroundings?.(world) ?? []).map(({ does, ghost }) => ({ label: does, next: { ...world, ghost } })),
      ...lateMoves(world),
      ...clockMoves(world),
    ],
    invariant: (world) => scenario.invariant(world),
  };
}

/** Live records only, as a port hands them out. */
function live(records: World<never, never, never>["records"], nowMs: number): World<never, never, never>["records"] {
  return Object.fromEntries(Object.entries(records).filter(([, record]) => record.endsAtMs > nowMs));
}
