// How a test shows that a property catches a mutant: it must fail by an assertion, not by accident.
import { AssertionError } from "node:assert";
import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Harness } from "../harness.ts";
import { type Property, runProperty, unmetNeeds } from "../property.ts";
import type { Mutant } from "./mutant.ts";

/** An assertion, or a random sequence's failure because of one. */
function isAssertion(error: unknown): boolean {
  return error instanceof AssertionError || (error instanceof Error && isAssertion(error.cause));
}

/** `<area>/<number>` of a property's id: the number of the published list. */
function numberOf(id: string): string {
  return id.replace(/[a-z]+$/, "");
}

/**
 * Registers: the right stores pass everything; each property has a mutant; each mutant is caught. `patient`: properties that
 * take a store for broken only after seconds; they wait side by side.
 */
export function mutantSuite<S extends { close(): Promise<void> }>(
  area: string,
  properties: readonly Property<S>[],
  mutants: readonly Mutant<S>[],
  right: readonly Harness<S>[],
  numbers: number,
  patient: readonly string[] = [],
): void {
  const judges = new Map(properties.map((property) => [property.id, property]));
  describe(`${area}: the right store`, () => {
    for (const property of properties) {
      it(`passes ${property.id}`, async () => {
        const able = right.find((harness) => unmetNeeds(property, harness).length === 0);
        assert.ok(able !== undefined, "no harness meets its needs");
        await runProperty(property, able);
      }, 60_000);
    }
  });
  describe(`${area}: broken stores`, () => {
    it("has a property for every number of the list, and a mutant for every property", () => {
      const wanted = Array.from({ length: numbers }, (_, index) => `${area}/${index + 1}`);
      assert.deepEqual(
        wanted.filter((number) => !properties.some(({ id }) => numberOf(id) === number)),
        [],
        "without a property",
      );
      assert.deepEqual(
        [...judges.keys()].filter((id) => !mutants.some(({ caughtBy }) => caughtBy === id)),
        [],
        "without a mutant",
      );
      assert.equal(judges.size, properties.length, "an id is used twice");
    });
    const isPatient = ({ caughtBy }: Mutant<S>) => patient.includes(caughtBy);
    const together = [...mutants.filter((mutant) => !isPatient(mutant)), ...mutants.filter(isPatient)];
    for (const mutant of together) {
      const { caughtBy, title, harness } = mutant;
      const register = isPatient(mutant) ? it.concurrent : it;
      register(
        `${caughtBy} catches the one that ${title}`,
        async () => {
          const property = judges.get(caughtBy);
          assert.ok(property !== undefined, "there is no such property");
          // A fixed seed: whether a mutant is caught must not depend on luck.
          const broken = { ...harness(), seed: 7 };
          assert.deepEqual(unmetNeeds(property, broken), [], "the mutant's harness does not meet the property's needs");
          const failure = await runProperty(property, broken).then(
            () => undefined,
            (error: unknown) => error,
          );
          assert.ok(failure !== undefined, "the broken store passed");
          assert.ok(
            isAssertion(failure),
            `it failed, but not by an assertion: ${failure instanceof Error ? failure.stack : failure}`,
          );
        },
        60_000,
      );
    }
  });
}
