// The published suite of verification stores, with the façades verifyOnce and payOnce over them.
import type { VerificationStore } from "@tollbooth-stores/core";
import type { Harness } from "../harness.ts";
import { registerSuite } from "../register.ts";
import { verificationProperties } from "./properties.ts";

/** Registers a vitest test for each property of a verification store that applies to the harness. */
export function verificationStoreSuite(harness: Harness<VerificationStore>): void {
  registerSuite("verifications", verificationProperties, harness, (store) => store.capabilities);
}
