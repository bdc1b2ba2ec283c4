// What the scenarios' tests share: short and long budgets, the figures, counterexamples and proof that things happen.
import { type Exploration, explore, program, replay } from "./explore.ts";
import { type Budgets, modelOf, type Scenario, type World } from "./world.ts";

/** Set by vitest.explore.config.ts in `npm run test:all`; otherwise the budgets are those of every test run. */
export const long: boolean = process.env.EXPLORE === "long";
const mostStates = long ? 6_000_000 : 200_000;
/** For the tests that search: milliseconds. */
export const searchTimeoutMs: number = long ? 3_600_000 : 60_000;

/** `[faults, clockSteps]`, of a short run and of a long one. */
export type BudgetPair = readonly [short: readonly [number, number], long: readonly [number, number]];

function budgetsOf([short, longer]: BudgetPair): Budgets {
  const [faults, clockSteps] = long ? longer : short;
  return { faults, clockSteps };
}

/** Searches all of a scenario, and prints the figures. The counterexample, or null. */
export function search<L, C, R, G>(name: string, scenario: Scenario<L, C, R, G>, budgets: BudgetPair): string | null {
  const { faults, clockSteps } = budgetsOf(budgets);
  const startMs = performance.now();
  const found = explore(modelOf(scenario, { faults, clockSteps }), mostStates);
  const tookMs = Math.round(performance.now() - startMs);
  console.log(`${name} (faults ${faults}, clock ${clockSteps}): ${figures(found)}, ${tookMs} ms`);
  return found.violation === undefined ? null : program(found.violation);
}

function figures({ states, transitions, depth }: Exploration): string {
  return `${states} states, ${transitions} transitions, depth ${depth}`;
}

/** The shortest counterexample of a scenario that is wrong on purpose, checked to replay by its seed. */
export function counterexample<L, C, R, G>(scenario: Scenario<L, C, R, G>, faults: number, clockSteps: number): string {
  const model = modelOf(scenario, { faults, clockSteps });
  const { violation } = explore(model, mostStates);
  if (violation === undefined) return "none";
  const again = replay(model, violation.seed);
  return again.message === violation.message ? program(violation) : "the seed does not replay";
}

/** The shortest way to a world that a test asks for: what is never reached proves nothing. "none" where there is none. */
export function wayTo<L, C, R, G>(
  scenario: Scenario<L, C, R, G>,
  budgets: Budgets,
  wanted: (world: World<L, C, G>) => boolean,
): string {
  const model = modelOf(scenario, budgets);
  const { violation } = explore({ ...model, invariant: (world) => (wanted(world) ? "reached" : null) }, mostStates);
  return violation === undefined ? "none" : program(violation);
}
