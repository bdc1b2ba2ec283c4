// A differential run agrees with itself, and finds the one store that differs.
import assert from "node:assert/strict";
import { it } from "vitest";
import { differ, rateLimitDifferential, sessionDifferential, verificationDifferential } from "./differential.ts";
import { completeRateLimits, rateLimitMutants } from "./mutants/rate-limit-mutants.ts";
import { reference } from "./mutants/reference.ts";
import { playRateLimits, rateLimitCommands } from "./rate-limits/sequences.ts";

const [one, another] = [reference().harnesses, reference().harnesses];

rateLimitDifferential([one.rateLimits, { ...another.rateLimits, name: "another Map" }]);
sessionDifferential([one.sessions, { ...another.sessions, name: "another Map" }]);
verificationDifferential([one.verifications, { ...another.verifications, name: "another Map" }]);

it("names the store that differs, and the sequence", async () => {
  const mutant = rateLimitMutants.find(({ caughtBy }) => caughtBy === "rate-limits/1");
  assert.ok(mutant !== undefined);
  const broken = { ...mutant.harness(), name: "the broken one" };
  const differing = differ(
    { ...completeRateLimits(), seed: 7 },
    [broken],
    rateLimitCommands,
    async (bench, commands, name) => playRateLimits(await bench.open(), commands, name, bench.advance),
  );
  await assert.rejects(differing, (error: unknown) => {
    assert.ok(error instanceof Error && error.cause instanceof Error);
    assert.match(error.message, /seed: 7/);
    assert.match(error.message, /"kind":"consume"/);
    assert.match(error.cause.message, /the broken one differs from core on a Map/);
    return true;
  });
});
