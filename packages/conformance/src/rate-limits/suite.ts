// The published suite of rate-limit stores.
import type { RateLimitStore } from "@tollbooth-stores/core";
import type { Harness } from "../harness.ts";
import { registerSuite } from "../register.ts";
import { rateLimitProperties } from "./properties.ts";

/** Registers a vitest test for each property of a rate-limit store that applies to the harness. */
export function rateLimitStoreSuite(harness: Harness<RateLimitStore>): void {
  registerSuite("rate limits", rateLimitProperties, harness, (store) => store.capabilities);
}
