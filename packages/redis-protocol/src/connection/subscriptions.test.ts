// Subscriptions over a connection that is made anew: what attempts leave behind that came too late.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { establish } from "./establish.ts";
import { pass, recordedEvents, useTestClock } from "./fake-link.test-support.ts";
import { fakeServers } from "./fake-servers.test-support.ts";
import type { LinkTarget } from "./redis-link.ts";
import { subscriptions } from "./subscriptions.ts";

beforeEach(useTestClock);
afterEach(() => {
  vi.useRealTimers();
});

function onFrozenServer() {
  let isFrozen = false;
  const asleep: (() => void)[] = [];
  const answered = () => (isFrozen ? new Promise<void>((resolve) => asleep.push(resolve)) : Promise.resolve());
  const channels = new Map<LinkTarget, Set<string>>();
  const servers = fakeServers({
    command: () => answered().then(() => ""),
    async subscribe(target, channel) {
      await answered();
      channels.set(target, (channels.get(target) ?? new Set()).add(channel));
    },
  });
  const endpoint = { node: { host: "redis", port: 1 } };
  const over = subscriptions(
    "ordinary",
    (signal, use) => establish(servers.open, endpoint, 5_000, signal, use),
    recordedEvents().events,
  );
  return {
    servers,
    over,
    subscribedTo(index: number) {
      const link = servers.links[index];
      return link && channels.get(link.target);
    },
    freeze: () => {
      isFrozen = true;
    },
    /** Answers the oldest of what waits, and leaves the rest. */
    async answerOne() {
      asleep.shift()?.();
      await pass(0);
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

it("tells no listener that it lost its channel because another attempt was the first", async () => {
  const { servers, over, freeze, answerOne } = onFrozenServer();
  const lost = vi.fn();
  await over.subscribe("one", () => {}, lost);
  freeze();
  servers.links[0]?.destroy();
  await pass(1_500);
  // Two attempts stand side by side. Both log in, and then the answer to one SUBSCRIBE comes.
  expect(servers.links).toHaveLength(3);
  for (let commands = 0; commands < 5; commands += 1) await answerOne();
  await pass(100);
  expect(servers.stillOpen()).toHaveLength(1);
  expect(lost).not.toHaveBeenCalled();
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

it("subscribes on the new connection to a channel that came while it was being made", async () => {
  const { servers, over, freeze, thaw, subscribedTo } = onFrozenServer();
  await over.subscribe("one", () => {});
  freeze();
  // Suspected, because a ping goes unanswered; another connection logs in meanwhile.
  await pass(4_000);
  const second = over.subscribe("two", () => {});
  await pass(10);
  await thaw();
  await second;
  await pass(5_000);
  expect(servers.stillOpen()).toHaveLength(1);
  expect(subscribedTo(servers.links.findIndex((link) => !link.isDestroyed()))).toEqual(new Set(["one", "two"]));
  over.close();
});
