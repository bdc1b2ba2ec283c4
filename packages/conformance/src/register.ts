// Properties as vitest tests. The only file of the published suites that knows vitest.
import assert from "node:assert/strict";
import type { Capabilities } from "@tollbooth-stores/core";
import { describe, it } from "vitest";
import type { Harness, Need } from "./harness.ts";
import { type Property, runProperty, unmetNeeds } from "./property.ts";

const testTimeoutMs = 60_000;

/** Registers one test for each property that applies, and one that names those that do not. */
export function registerSuite<S extends { close(): Promise<void> }>(
  area: string,
  properties: readonly Property<S>[],
  harness: Harness<S>,
  capabilitiesOf: (store: S) => Capabilities,
): void {
  describe(`${area}: ${harness.name}`, () => {
    const missing = new Map<Need, string[]>();
    for (const property of properties) {
      const unmet = unmetNeeds(property, harness);
      for (const need of unmet) missing.set(need, [...(missing.get(need) ?? []), property.id]);
      if (unmet.length === 0) {
        it(`${property.id} ${property.title}`, () => runProperty(property, harness), testTimeoutMs);
      }
    }
    const left = [...missing].map(([need, ids]) => `${ids.join(", ")} (needs ${need})`).join("; ");
    it(`says what does not apply here: ${left || "nothing"}`, () => {
      if (harness.lacks === undefined) return;
      const known = new Set(harness.lacks);
      const unexpected = [...missing.keys()].filter((need) => !known.has(need));
      assert.deepEqual(unexpected, [], "the harness does not meet these needs, and its `lacks` does not name them");
    });
    it("finds the capabilities that the harness was told", async () => {
      const store = await harness.create(`conformance-capabilities-${process.pid}`);
      try {
        const { shared, atomic } = capabilitiesOf(store);
        assert.deepEqual({ shared, atomic }, { shared: true, atomic: true, ...pick(harness.capabilities) });
      } finally {
        await store.close();
      }
    });
  });
}

function pick(capabilities: Harness<unknown>["capabilities"]): Partial<Pick<Capabilities, "shared" | "atomic">> {
  return capabilities === undefined ? {} : { shared: capabilities.shared, atomic: capabilities.atomic };
}
