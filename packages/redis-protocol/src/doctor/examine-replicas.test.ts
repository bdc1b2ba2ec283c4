// The replicas of a primary are examined eight at a time, for five seconds. The doctor's suites test real replicas.
import { expect, it, onTestFinished, vi } from "vitest";
import type { About } from "./about.ts";
import { examineReplicas, type Primary } from "./examine-replicas.ts";

/** Each replica takes so long to refuse the connection. */
function scene(count: number, refusedAfterMs: number) {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const info: Readonly<Record<string, string>> = {
    role: "master",
    connected_slaves: String(count),
    ...Object.fromEntries(Array.from({ length: count }, (_, at) => [`slave${at}`, `ip=10.0.0.${at},port=6379`])),
  };
  const primary: Primary = {
    name: "10.0.1.1:6379",
    keyPrefix: "",
    db: 0,
    ask: async () => undefined,
    facts: {
      info: (field) => info[field],
      config: () => undefined,
      cluster: () => undefined,
      ...{ users: undefined, user: undefined, roundTripMs: 1, aheadMs: undefined },
    },
  };
  let [open, most] = [0, 0];
  const port: About["port"] = {
    cluster: false,
    async visit() {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setTimeout(resolve, refusedAfterMs));
      open -= 1;
      throw new Error("refused");
    },
  };
  const about: About = {
    ...{ port, keeps: "money", prefixes: [], criticalOnly: true, commandTimeoutMs: 500, askTimeoutMs: 1_000 },
    security: { tls: undefined, password: undefined },
    refused: undefined,
  };
  return { examined: examineReplicas(primary, about), most: () => most };
}

it("examines all replicas of a primary, eight at a time", async () => {
  const { examined, most } = scene(20, 10);
  await vi.advanceTimersByTimeAsync(100);
  const found = await examined;
  expect(new Set(found.map(({ check, level }) => `${check} ${level}`))).toEqual(new Set(["role unknown"]));
  expect([new Set(found.map(({ server }) => server)).size, most()]).toEqual([20, 8]);
});

it("starts no examination after five seconds, and says how many replicas are left", async () => {
  const { examined } = scene(40, 2_000);
  await vi.advanceTimersByTimeAsync(6_000);
  const found = await examined;
  expect(found).toHaveLength(25);
  expect(found.at(-1)).toMatchObject({
    ...{ check: "replication", level: "unknown", server: "10.0.1.1:6379" },
    message: expect.stringMatching(/^16 of 40 replicas were not looked at: the others took 5 s\. Run the doctor/),
  });
});
