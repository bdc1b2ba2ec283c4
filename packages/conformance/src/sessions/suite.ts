// The published suite of session stores.
import type { SessionStore } from "@tollbooth-stores/core";
import type { Harness } from "../harness.ts";
import { registerSuite } from "../register.ts";
import { sessionProperties } from "./properties.ts";

/** Registers a vitest test for each property of a session store that applies to the harness. */
export function sessionStoreSuite(harness: Harness<SessionStore>): void {
  registerSuite("sessions", sessionProperties, harness, (store) => store.capabilities);
}
