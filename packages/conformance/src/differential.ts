// The same sequence of calls against several stores at once: every one must give the same answers.
import assert from "node:assert/strict";
import type { RateLimitStore, SessionStore, VerificationStore } from "@tollbooth-stores/core";
import fc from "fast-check";
import { describe, it } from "vitest";
import type { Harness } from "./harness.ts";
import { type Bench, type Property, runProperty } from "./property.ts";
import { minute, toWindowStart } from "./rate-limits/checks.ts";
import { playRateLimits, rateLimitClockCommands, rateLimitCommands } from "./rate-limits/sequences.ts";
import { storeNowMs } from "./sessions/model.ts";
import { playSessions, sessionCommands } from "./sessions/sequences.ts";
import { desk } from "./verifications/checks.ts";
import { verificationCommands } from "./verifications/commands.ts";
import { paymentCommands, playPayments } from "./verifications/payment-sequences.ts";
import { playVerifications } from "./verifications/sequences.ts";

/** How far a differential run goes. */
export interface DifferentialOptions {
  /** How many random sequences are played. Default 100. */
  runs?: number | undefined;
  /** Of the whole run, in milliseconds. Default 120,000. */
  timeoutMs?: number | undefined;
}

/**
 * Rate limits: the first harness's answers are the ones that the others must give. Where every harness can turn its
 * backend's clock back, sequences with such steps are played too.
 */
export function rateLimitDifferential(
  harnesses: readonly Harness<RateLimitStore>[],
  options: DifferentialOptions = {},
): void {
  register("rate limits", harnesses, options, rateLimitCommands, async (bench, commands, name) => {
    const store = await bench.open();
    await toWindowStart(bench, store, minute);
    return playRateLimits(store, commands, name, bench.advance);
  });
  if (harnesses.every(({ probes }) => probes?.stepBack !== undefined)) {
    const area = "rate limits when the clock steps back";
    register(area, harnesses, options, rateLimitClockCommands, async (bench, commands, name) => {
      const store = await bench.open();
      await toWindowStart(bench, store, minute);
      return playRateLimits(store, commands, name, bench.advance, bench.probe("stepBack"));
    });
  }
}

/** Sessions, likewise. */
export function sessionDifferential(
  harnesses: readonly Harness<SessionStore>[],
  options: DifferentialOptions = {},
): void {
  register("sessions", harnesses, options, sessionCommands, async (bench, commands, name) => {
    const store = await bench.open();
    return playSessions(store, commands, name, await storeNowMs(bench), bench.advance);
  });
}

/** Verifications, and payments' records among them, likewise. */
export function verificationDifferential(
  harnesses: readonly Harness<VerificationStore>[],
  options: DifferentialOptions = {},
): void {
  register("verifications", harnesses, options, verificationCommands, async (bench, commands, name) => {
    const at = await desk(bench);
    return playVerifications(at.store, commands, name, at.nowMs(), at.advance);
  });
  register("payments", harnesses, options, paymentCommands, async (bench, commands, name) => {
    const at = await desk(bench);
    return playPayments(at.store, commands, name, at.nowMs(), at.advance);
  });
}

function register<S extends { close(): Promise<void> }, C>(
  area: string,
  harnesses: readonly Harness<S>[],
  { runs = 100, timeoutMs = 120_000 }: DifferentialOptions,
  sequences: fc.Arbitrary<readonly C[]>,
  play: (bench: Bench<S>, commands: readonly C[], name: string) => Promise<unknown[]>,
): void {
  const [first, ...others] = harnesses;
  assert.ok(first !== undefined && others.length > 0, "a differential run needs two harnesses or more");
  const title = `${area}: ${others.map(({ name }) => name).join(", ")} answer as ${first.name} does`;
  describe("differential", () => {
    it(`${title} (${runs} sequences)`, () => differ(first, others, sequences, play, runs), timeoutMs);
  });
}

/** Rejects with the shortest sequence found on which two harnesses differ, and the seed that repeats it. */
export async function differ<S extends { close(): Promise<void> }, C>(
  first: Harness<S>,
  others: readonly Harness<S>[],
  sequences: fc.Arbitrary<readonly C[]>,
  play: (bench: Bench<S>, commands: readonly C[], name: string) => Promise<unknown[]>,
  runs = 100,
): Promise<void> {
  let run = 0;
  const answersOf = async (harness: Harness<S>, commands: readonly C[]) => {
    let answers: unknown[] = [];
    const playing: Property<S> = {
      id: `differential on ${harness.name}`,
      title: "plays a sequence",
      async run(bench) {
        answers = await play(bench, commands, `run ${run}`);
      },
    };
    await runProperty(playing, harness);
    return answers;
  };
  const check = async (commands: readonly C[]) => {
    run += 1;
    const expected = await answersOf(first, commands);
    for (const other of others)
      assert.deepEqual(await answersOf(other, commands), expected, `${other.name} differs from ${first.name}`);
  };
  const { seed } = first;
  await fc.assert(fc.asyncProperty(sequences, check), { numRuns: runs, ...(seed === undefined ? {} : { seed }) });
}
