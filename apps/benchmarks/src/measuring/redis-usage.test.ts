// What INFO says becomes what one operation cost.
import { expect, test } from "vitest";
import { parseCounters, usageOf } from "./redis-usage.ts";

const info = (stats: Record<string, readonly [calls: number, us: number]>, cpuSeconds: number, reads: number) =>
  parseCounters(
    [
      `used_cpu_sys:${cpuSeconds / 2}`,
      `used_cpu_user:${cpuSeconds / 2}`,
      `used_cpu_user_children:9`,
      `total_reads_processed:${reads}`,
      ...Object.entries(stats).map(
        ([name, [calls, us]]) => `cmdstat_${name}:calls=${calls},usec=${us},usec_per_call=1.00,rejected_calls=0`,
      ),
    ].join("\r\n"),
  );

test("commands, CPU time and reads are shared among the operations", () => {
  const before = info({ get: [10, 30], info: [1, 500] }, 1, 5);
  const after = info({ get: [110, 230], info: [2, 900] }, 1.002, 25);
  const usage = usageOf([before], [after], 100);
  expect(usage).toMatchObject({ commands: 1, commandUs: 2, reads: 0.2 });
  expect(usage.cpuUs).toBeCloseTo(20);
});

test("a script's own commands do not count twice", () => {
  const before = info({ evalsha: [0, 0], incrby: [0, 0], pttl: [0, 0] }, 1, 0);
  const after = info({ evalsha: [10, 80], incrby: [10, 10], pttl: [10, 10] }, 1, 10);
  expect(usageOf([before], [after], 10)).toMatchObject({ commands: 1, commandUs: 8 });
});

test("servers of a cluster are added up", () => {
  const none = info({}, 0, 0);
  const after = info({ evalsha: [10, 50] }, 0.001, 10);
  expect(usageOf([none, none, none], [after, after, after], 30)).toMatchObject({ commands: 1, commandUs: 5 });
});

test("loading a script, and what a connection says first, are no operations", () => {
  const after = info({ "script|load": [1, 400], hello: [1, 50], "client|setinfo": [2, 9], evalsha: [4, 20] }, 0, 0);
  expect(usageOf([info({}, 0, 0)], [after], 4)).toMatchObject({ commands: 1, commandUs: 5 });
});
