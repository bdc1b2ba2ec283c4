// Subscriptions over a connection that is made anew: what attempts leave behind that came too late.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { establish } from "./establish.ts";
import { pass, recordedEvents, useTestClock } from "./fake-link.test-support.ts";
import { fakeServers } from "./fake-servers.test-support.ts";
import { subscriptions } from "./subscriptions.ts";

beforeEach(useTestClock);
afterEach(() => {
  vi.useRealTimers();
});

function onFrozenServer() {
  let isFrozen = false;
  const asleep: (() => void)[] = [];
  const answered = () => (isFrozen ? new Promise<void>((resolve) => asleep.push(resolve)) : Promise.resolve());
  const servers = fakeServers({ command: () => answered().then(() => ""), subscribe: answered });
  const endpoint = { node: { host: "redis", port: 1 } };
  const over = subscriptions(
    "ordinary",
    (signal, use) => establish(servers.open, endpoint, 5_000, signal, use),
    recordedEvents().events,
  );
  return {
    servers,
    over,
    freeze: () => {
      isFrozen = true;
    },
    /** Answers all that waits, and what follows from it. */
    async thaw() {
      isFrozen = false;
      for (const wake of asleep.splice(0)) wake();
      await pass(0);
    },
  };
}

it("loses nothing, and takes more, though several attempts were under way when the server answered again", async () => {
  const { servers, over, freeze, thaw } = onFrozenServer();
  const lost = vi.fn();
  await over.subscribe("one", () => {}, lost);
  freeze();
  servers.links[0]?.destroy();
  await pass(3_500);
  expect(servers.links.length).toBeGreaterThan(2);
  await thaw();
  await pass(10_000);
  await over.subscribe("two", () => {});
  expect(lost).not.toHaveBeenCalled();
  expect(servers.stillOpen()).toHaveLength(1);
  over.close();
});

it("leaves no connection open that never got the answer to its SUBSCRIBE", async () => {
  const { servers, over, freeze } = onFrozenServer();
  await over.subscribe("one", () => {});
  freeze();
  servers.links[0]?.destroy();
  await pass(5_000);
  over.close();
  await pass(10);
  expect(servers.stillOpen()).toEqual([]);
});
