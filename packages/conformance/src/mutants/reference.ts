// The right stores that the broken ones are made from: core's, on the Map port and a clock to step.
import type { AtomicPort } from "@tollbooth-stores/core";
import { type ManualClock, type MapPort, manualClock, mapPort } from "@tollbooth-stores/core/testing";
import { type PortHarnesses, portHarnesses } from "../port-harness.ts";

/** A fresh backend with everything that a mutant may want to meddle with. */
export interface Reference {
  clock: ManualClock;
  port: MapPort;
  harnesses: PortHarnesses;
}

/** `broken` replaces parts of the port that the stores get; the probes see what it does. `startMs`: the clock's first instant. */
export function reference(
  broken: (port: MapPort, made: Omit<Reference, "harnesses">) => Partial<AtomicPort> = () => ({}),
  startMs?: number,
): Reference {
  const clock = manualClock(startMs);
  const port = mapPort(clock);
  const harnesses = portHarnesses({
    name: "core on a Map",
    port: { ...port, ...broken(port, { clock, port }) },
    advance: clock.advance,
    now: clock.now,
    stepsBack: true,
  });
  return { clock, port, harnesses };
}
