// What samplers go on telling, though it has changed or cannot be seen: OpenTelemetry's SDK exports the last value for good.
import { expect, it } from "vitest";
import { pass, sampledForEachTest } from "./sampled.test-support.ts";

const sampled = sampledForEachTest();
const value = async (name: string) => Object.values(await sampled.told(name));

it("a limit of memory that was lifted is 0, and one that never was is not told", async () => {
  let maxmemory = 0;
  const ask = async (_command: string, section?: string) =>
    section === "memory" ? `used_memory:1\r\nmaxmemory:${maxmemory}\r\n` : "";
  sampled.telemetry.sampleRedis({ servers: async () => [{ name: "r:1", ask }], everyMs: 1_000 });
  const limits = [];
  for (const next of [1_000, 0, 2_000, 0]) {
    await pass(limits.length === 0 ? 0 : 1_000);
    limits.push(await value("redis.memory.limit"));
    maxmemory = next;
  }
  expect(limits).toEqual([[], [1_000], [0], [2_000]]);
});

it("the age of a doubt stays while samples fail, because others may have ended it, and is right after the next good one", async () => {
  let isCutOff = false;
  const store = {
    async *unresolved() {
      if (isCutOff) throw new Error("cut off");
      yield { kind: "in-doubt", atMs: 900_000, handle: "h", attempt: 1, fingerprint: "f" } as const;
    },
  };
  sampled.telemetry.samplePayments({ store, everyMs: 1_000 });
  const age = () => value("payment.unresolved.age{payment.kind=in-doubt}");
  await pass(999);
  expect(await age(), "it ages between two samples").toEqual([100.999]);
  isCutOff = true;
  await pass(1);
  expect(await age()).toEqual([101]);
  await pass(3_500);
  expect(await age(), "since the first sample that failed").toEqual([101]);
  isCutOff = false;
  await pass(500);
  expect(await age()).toEqual([105]);
});
