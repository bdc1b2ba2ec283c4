// A small model checker: visits every state that a model can reach, breadth first, and checks an invariant in each. So
// the first violation found has a shortest path. It replays by its seed.
import { hash } from "node:crypto";
import { canonicalJson } from "./canonical-json.ts";

/** One move from a state. */
export interface Move<S> {
  readonly label: string;
  readonly next: S;
}

/** A state is plain data that survives JSON and is never mutated. Equal data is the same state. */
export interface Model<S> {
  readonly initial: S;
  /** All moves from a state, in an order that depends on the state alone: seeds rely on it. */
  moves(state: S): readonly Move<S>[];
  /** The violation in a state; null where there is none. */
  invariant(state: S): string | null;
  /** One text for all states that behave alike from here on. Default: the canonical text of the state. */
  name?(state: S): string;
}

export interface Violation {
  readonly message: string;
  /** The label of each move, from the initial state on. */
  readonly path: readonly string[];
  /** The index of each move among the moves of its state, such as "0.3.1"; "" for the initial state. */
  readonly seed: string;
}

export interface Exploration {
  /** Distinct states reached. */
  readonly states: number;
  /** Moves made, including those to a known state. */
  readonly transitions: number;
  /** The largest distance of a state from the initial one, in moves. */
  readonly depth: number;
  readonly violation?: Violation;
}

/** How a state was first reached. It leaves out the states in between, which would fill the memory. */
interface Trail {
  readonly parent: Trail | null;
  readonly choice: number;
}

/** A state whose moves are still to be explored. */
interface Reached<S> {
  readonly state: S;
  readonly trail: Trail;
}

/**
 * Visits all reachable states, or stops at the first violation. Throws a RangeError beyond `maxStates`: a search that
 * was cut short proves nothing. States are told apart by the 160 bits of a SHA-1.
 */
export function explore<S>(model: Model<S>, maxStates: number): Exploration {
  const known = new Set<string>();
  let transitions = 0;
  let depth = 0;
  let frontier: Reached<S>[] = [];
  const nameOf = (state: S) => model.name?.(state) ?? canonicalJson(state);

  /** Adds a state unless it is known. Answers its violation. */
  const visit = (reached: Reached<S>, into: Reached<S>[]): string | null => {
    const name = hash("sha1", nameOf(reached.state), "base64");
    if (known.has(name)) return null;
    if (known.size === maxStates) {
      throw new RangeError(`More than ${maxStates} states: give the scenario smaller budgets, or raise maxStates.`);
    }
    known.add(name);
    into.push(reached);
    return model.invariant(reached.state);
  };
  const report = (violation?: Violation): Exploration => ({
    states: known.size,
    transitions,
    depth,
    ...(violation && { violation }),
  });

  const start: Reached<S> = { state: model.initial, trail: { parent: null, choice: 0 } };
  const wrong = visit(start, frontier);
  if (wrong !== null) return report({ message: wrong, path: [], seed: "" });
  while (frontier.length > 0) {
    const further: Reached<S>[] = [];
    for (const { state, trail: parent } of frontier) {
      for (const [choice, { next }] of model.moves(state).entries()) {
        transitions += 1;
        const trail: Trail = { parent, choice };
        const message = visit({ state: next, trail }, further);
        if (message === null) continue;
        depth += 1;
        const seed = seedOf(trail);
        return report({ message, path: replay(model, seed).path, seed });
      }
    }
    if (further.length > 0) depth += 1;
    frontier = further;
  }
  return report();
}

function seedOf(trail: Trail): string {
  const choices: number[] = [];
  for (let at = trail; at.parent !== null; at = at.parent) choices.push(at.choice);
  return choices.reverse().join(".");
}

/** Repeats the moves of a seed. Throws a RangeError where the model has no such move. */
export function replay<S>(model: Model<S>, seed: string): { state: S; path: string[]; message: string | null } {
  let state = model.initial;
  const path: string[] = [];
  for (const choice of seed === "" ? [] : seed.split(".")) {
    const move = model.moves(state)[Number(choice)];
    if (move === undefined) throw new RangeError(`The model has no move ${choice} after ${path.length} moves.`);
    path.push(move.label);
    state = move.next;
  }
  return { state, path, message: model.invariant(state) };
}

/** A violation as a short program: one numbered line a move, the broken invariant, and the seed. */
export function program({ message, path, seed }: Violation): string {
  const lines = path.map((label, index) => `${index + 1}. ${label}`);
  return [...lines, `=> ${message}`, `seed ${seed}`].join("\n");
}
