// Shared by the scenarios' tests: short and long budgets, figures, counterexamples, and proof that states are reached.
import { type Exploration, explore, type Model, program, replay } from "./explore.ts";
import { type Budgets, modelOf, type Scenario, type World } from "./world.ts";

/** Set by vitest.explore.config.ts in `npm run test:all`. Otherwise the budgets are those of every test run. */
export const long: boolean = process.env.EXPLORE === "long";
const mostStates = long ? 6_000_000 : 200_000;
/** The timeout of tests that search, in milliseconds. */
export const searchTimeoutMs: number = long ? 3_600_000 : 60_000;

/** `[faults, clockSteps]` of a short run and of a long one. */
export type BudgetPair = readonly [short: readonly [number, number], long: readonly [number, number]];

function budgetsOf([short, longer]: BudgetPair): Budgets {
  const [faults, clockSteps] = long ? longer : short;
  return { faults, clockSteps };
}

/** Searches all of a model and prints the figures. Answers the counterexample, or null. */
export function searchModel<S>(
  name: string,
  modelWith: (budgets: Budgets) => Model<S>,
  pair: BudgetPair,
): string | null {
  const { faults, clockSteps } = budgetsOf(pair);
  const startMs = performance.now();
  const found = explore(modelWith({ faults, clockSteps }), mostStates);
  const tookMs = Math.round(performance.now() - startMs);
  console.log(`${name} (faults ${faults}, clock ${clockSteps}): ${figures(found)}, ${tookMs} ms`);
  return found.violation === undefined ? null : program(found.violation);
}

/** Searches all of a scenario. */
export function search<L, C, R, G>(name: string, scenario: Scenario<L, C, R, G>, budgets: BudgetPair): string | null {
  return searchModel(name, (given) => modelOf(scenario, given), budgets);
}

function figures({ states, transitions, depth }: Exploration): string {
  return `${states} states, ${transitions} transitions, depth ${depth}`;
}

/** The shortest counterexample of a model that is wrong on purpose. Checks that it replays by its seed. */
export function counterexampleIn<S>(model: Model<S>): string {
  const { violation } = explore(model, mostStates);
  if (violation === undefined) return "none";
  const again = replay(model, violation.seed);
  return again.message === violation.message ? program(violation) : "the seed does not replay";
}

export function counterexample<L, C, R, G>(scenario: Scenario<L, C, R, G>, faults: number, clockSteps: number): string {
  return counterexampleIn(modelOf(scenario, { faults, clockSteps }));
}

/**
 * The shortest way to a state that a test asks for, since a state that is never reached proves nothing. "none" without
 * one.
 */
export function wayIn<S>(model: Model<S>, wanted: (state: S) => boolean): string {
  const { violation } = explore({ ...model, invariant: (state) => (wanted(state) ? "reached" : null) }, mostStates);
  return violation === undefined ? "none" : program(violation);
}

export function wayTo<L, C, R, G>(
  scenario: Scenario<L, C, R, G>,
  budgets: Budgets,
  wanted: (world: World<L, C, G>) => boolean,
): string {
  return wayIn(modelOf(scenario, budgets), wanted);
}
