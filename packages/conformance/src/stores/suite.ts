// The published suite of what holds for all stores of a provider together.
import type { Stores } from "@tollbooth-stores/core";
import type { Harness } from "../harness.ts";
import { registerSuite } from "../register.ts";
import { storesProperties } from "./properties.ts";

/** Registers a vitest test for each property of a provider's stores that applies to the harness. */
export function storesSuite(harness: Harness<Stores>): void {
  registerSuite("all", storesProperties, harness, ({ rateLimits }) => rateLimits.capabilities);
}
