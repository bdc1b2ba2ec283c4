// A row of the table is met, missed or not measured.
import { expect, test } from "vitest";
import { checkGoals } from "./check-goals.ts";
import { exitCodeOf, failures } from "./failures.ts";
import { type Goal, goals } from "./goals.ts";
import type { Measured } from "./measuring/run-scene.ts";
import { scenes } from "./scenes.ts";
import { workloads } from "./workloads.ts";

const rows = (contender: string, opsPerSecond: readonly number[]): Measured => ({
  section: "consume",
  workload: "consume-spread",
  server: "single",
  inFlight: 64,
  contender,
  samples: opsPerSecond.map((ops) => ({
    operations: 1,
    wrong: 0,
    opsPerSecond: ops,
    p50Us: 1_000_000 / ops,
    p99Us: 1,
    clientCpuUs: 1,
    redis: { commandUs: 4, cpuUs: 9, commands: 1, reads: 1 },
  })),
});

const faster: Goal = {
  id: "faster",
  row: "consume against RLF",
  who: "ioredis",
  bound: { atLeast: 2 },
  kind: "ratio",
  metric: "opsPerSecond",
  workload: "consume-spread",
  inFlight: 64,
  ours: "tollbooth/ioredis",
  theirs: "rlf/ioredis",
};
const sooner: Goal = { ...faster, id: "sooner", metric: "p50Us", bound: { atMost: 0.5 } };
const cheap: Goal = {
  id: "cheap",
  row: "Redis CPU",
  who: "ioredis",
  bound: { atMost: 3 },
  kind: "value",
  metric: "redisCommandUs",
  workload: "consume-spread",
  inFlight: 64,
  ours: "tollbooth/ioredis",
};
const verdictsOf = (measured: Measured[], of: Goal[]) => checkGoals({ measured }, of).map(({ verdict }) => verdict);

test("a ratio is met from its bound on, whichever way the bound lies", () => {
  const met = [rows("tollbooth/ioredis", [200, 210, 190]), rows("rlf/ioredis", [100, 100, 95])];
  expect(verdictsOf(met, [faster, sooner])).toEqual(["met", "met"]);
  const missed = [rows("tollbooth/ioredis", [199, 199, 400]), rows("rlf/ioredis", [100, 100, 100])];
  expect(verdictsOf(missed, [faster, sooner])).toEqual(["missed", "missed"]);
});

test("a value is compared with its bound", () => {
  const measured = [rows("tollbooth/ioredis", [200])];
  expect(verdictsOf(measured, [cheap])).toEqual(["missed"]);
  expect(verdictsOf(measured, [{ ...cheap, bound: { atMost: 4 } }])).toEqual(["met"]);
});

test("a contender without figures leaves its rows unmeasured, and a check of everything fails on them", () => {
  const [result] = checkGoals({ measured: [rows("tollbooth/ioredis", [200])] }, [faster]);
  expect(result?.verdict).toBe("unmeasured");
  const results = { goals: result === undefined ? [] : [result], disqualified: [] };
  expect(failures(results, { allSections: true })).toEqual(["unmeasured: consume against RLF (ioredis)"]);
  expect(failures(results, { allSections: false })).toEqual([]);
});

test("a cluster's figures are not taken for one server's", () => {
  const onCluster = [rows("tollbooth/ioredis", [200]), rows("rlf/ioredis", [100])].map((row) => ({
    ...row,
    server: "cluster" as const,
  }));
  expect(verdictsOf(onCluster, [faster])).toEqual(["unmeasured"]);
});

test("a missed row and a disqualified contender fail the check; met rows do not", () => {
  const measured = [rows("tollbooth/ioredis", [100]), rows("rlf/ioredis", [100])];
  const results = checkGoals({ measured }, [faster]);
  const disqualified = [
    { workload: "claim", server: "single" as const, contender: "redlock/ioredis", reason: "Two held one name." },
  ];
  expect(failures({ goals: results, disqualified }, { allSections: true })).toEqual([
    "missed: consume against RLF (ioredis)",
    "disqualified: redlock/ioredis in claim: Two held one name.",
  ]);
  const met = checkGoals({ measured }, [{ ...faster, bound: { atLeast: 1 } }]);
  expect(failures({ goals: met, disqualified: [] }, { allSections: true })).toEqual([]);
});

test("only a run that checks ends with 1, and only where something failed", () => {
  expect(exitCodeOf(["missed: a row"], { check: true })).toBe(1);
  expect(exitCodeOf([], { check: true })).toBe(0);
  expect(exitCodeOf(["missed: a row"], { check: false })).toBe(0);
});

test("bytes and payments are met by what was counted", () => {
  const bytes = { limit: 131, slidingWindow: 0, tokenBucket: 0, plain: 150, session: 150, marker: 0 };
  const payment = { calls: 5, inSequence: 5, publishes: 0, operations: [] };
  const verdicts = new Map(checkGoals({ measured: [], bytes, payment }).map(({ id, verdict }) => [id, verdict]));
  expect(verdicts.get("bytes/limit")).toBe("missed");
  expect(verdicts.get("bytes/session")).toBe("met");
  expect(verdicts.get("payment/calls")).toBe("met");
  expect(verdicts.get("payment/inSequence")).toBe("missed");
});

test("every goal has a name of its own, and a scene that measures it, in a quick run too", () => {
  expect(new Set(goals.map(({ id }) => id)).size).toBe(goals.length);
  const unmeasured = goals.filter((goal) => {
    if (goal.kind !== "ratio" && goal.kind !== "value") return false;
    const names = goal.kind === "ratio" ? [goal.ours, goal.theirs] : [goal.ours];
    return !scenes.some(
      ({ workload, server, inFlight, quick, extras = [] }) =>
        server !== "cluster" &&
        workload === goal.workload &&
        inFlight.includes(goal.inFlight) &&
        quick.includes(goal.inFlight) &&
        names.every((name) => workloads[workload]?.[name] !== undefined && !extras.includes(name)),
    );
  });
  expect(unmeasured.map(({ id }) => id)).toEqual([]);
});
