// Commands to a cluster: what a redirection may open while the route is being closed.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { NotSent } from "../redis-port.ts";
import { clusterRoute } from "./cluster-route.ts";
import { deadline, pass, quiet, useTestClock } from "./fake-link.test-support.ts";
import { fakeServers } from "./fake-servers.test-support.ts";
import { keySlot } from "./key-slot.ts";

const seeds = [{ host: "a", port: 1 }];
const allSlots = [[0, 16_383, ["a", 1]]];

beforeEach(useTestClock);
afterEach(() => {
  vi.useRealTimers();
});

it("opens nothing for a redirection that comes after close()", async () => {
  let redirect = (_: Error) => {};
  const servers = fakeServers({
    command: (_, [command]) => {
      if (command === "CLUSTER") return allSlots;
      if (command !== "EVALSHA") return "";
      return new Promise((_, reject) => {
        redirect = reject;
      });
    },
  });
  const options = { library: Promise.resolve(servers.open), connectTimeoutMs: 5_000, provider: "test" };
  const route = clusterRoute({ seeds, access: {} }, options);
  await pass(500);
  const signal = deadline(5_000);
  await route.ready(signal, ["key"]);
  const call = quiet(route.send(["key"], ["EVALSHA"], signal));
  await pass(1);
  const closing = route.close(500);
  await pass(10);
  redirect(new Error(`MOVED ${keySlot("key")} b:2`));
  await pass(3_000);
  await closing;
  await expect(call).rejects.toThrow(NotSent);
  expect(servers.stillOpen()).toEqual([]);
});
