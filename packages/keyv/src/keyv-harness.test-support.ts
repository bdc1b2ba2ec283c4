// Keyv's stores as the published suites see them: over a port on an adapter, with a clock to step.
import { type Need, type PortHarnesses, portHarnesses, verificationDifferential } from "@tollbooth-stores/conformance";
import type { AtomicPort } from "@tollbooth-stores/core";
import { type ManualClock, manualClock, mapPort } from "@tollbooth-stores/core/testing";
import type { KeyvLike } from "./checked-adapter.ts";
import { keyvPort } from "./keyv-port.ts";

/** What needs a server of the stores' own, a second process or a bound; failures are in keyv-port.test.ts. */
const lacks: readonly Need[] = [
  "persist",
  "skewed",
  "spawn",
  "bounded",
  "denyCache",
  "server",
  "cluster",
  "peers",
  "borrowed",
  "physicalTtls",
];

function harnessesOf(name: string, port: AtomicPort, clock: ManualClock): PortHarnesses {
  return portHarnesses({
    name,
    port: { ...port, capabilities: { ...port.capabilities, atomic: true } },
    now: clock.now,
    advance: clock.advance,
    stepsBack: true,
    lacks,
  });
}

/** The harnesses of an adapter. */
export function keyvHarnesses(name: string, keyv: KeyvLike, commandTimeoutMs?: number): PortHarnesses {
  const clock = manualClock();
  return harnessesOf(name, keyvPort({ keyv, clock, commandTimeoutMs }), clock);
}

/** Registers random sequences of payments beside core on a Map. */
export function beside({ verifications }: PortHarnesses, runs: number): void {
  const reference = manualClock();
  const core = harnessesOf("core on a Map", mapPort(reference), reference);
  verificationDifferential([core.verifications, verifications], { runs });
}
