// Every interleaving of actors who mark one thing, and what the explorer makes of deliberate mistakes.
import { describe, expect, test } from "vitest";
import { markOnce } from "../verification/mark-once.ts";
import { markerScenario } from "./marker-scenario.ts";
import { counterexample, search, searchTimeoutMs, wayTo } from "./search.ts";

describe("markOnce in every interleaving", () => {
  test("three actors: one winner, whatever is lost, late or doubled", { timeout: searchTimeoutMs }, () => {
    expect(
      search("markOnce, three actors", markerScenario(3), [
        [3, 2],
        [4, 3],
      ]),
    ).toBeNull();
  });

  test("reaches a winner who learns of it at the second try only", () => {
    const path = wayTo(
      markerScenario(2),
      { faults: 1, clockSteps: 0 },
      ({ actors: [a, b], left }) => a?.told === "marked" && b?.told === "already-marked" && left.faults === 0,
    );
    expect(path).toMatchInlineSnapshot(`
      "1. A: markOnce -> marked
      2. B: markOnce, and a copy is under way -> already-marked
      => reached
      seed 0.3"
    `);
  });
});

describe("the explorer finds in markers", () => {
  test("a marker whose owner is locked out by a lost reply", () => {
    const forgetful: typeof markOnce = (record, nowMs, request) =>
      markOnce(record, nowMs, record === null ? request : { ...request, token: `not ${request.token}` });
    expect(counterexample(markerScenario(2, forgetful), 1, 0)).toMatchInlineSnapshot(`
      "1. A: markOnce -> marked, but the reply is lost
      2. A: markOnce -> already-marked
      => A is locked out of its own mark
      seed 1.0"
    `);
  });

  test("a marker that ends before its time", () => {
    const hasty: typeof markOnce = (record, nowMs, request) => {
      const { write, reply } = markOnce(record, nowMs, request);
      return write ? { write: { ...write, endsAtMs: nowMs + 1 }, reply } : { reply };
    };
    expect(counterexample(markerScenario(2, hasty), 0, 2)).toMatchInlineSnapshot(`
      "1. A: markOnce -> marked
      2. clock: +1 ms
      3. B: markOnce -> marked
      => two were told that they marked it
      seed 0.1.0"
    `);
  });
});
