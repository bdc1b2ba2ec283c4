// The repeated examination of running stores, on a clock that the test steps: when it asks, and what it tells.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type ConnectionMessage, connectionChannel } from "@tollbooth-stores/core";
import { publishConnection } from "@tollbooth-stores/core/native";
import { expect, it, onTestFinished, vi } from "vitest";
import { watchSafety } from "./safety-watch.ts";
import type { ExaminationOptions, Examined } from "./store-provider.ts";

const MINUTE_MS = 60_000;

function scene(server: string) {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const told: string[] = [];
  const mended: string[] = [];
  const heard = (message: unknown) => {
    const { event, reason, server: where } = Object(message);
    if (event === "unsafe" && where === server) told.push(reason);
    if (event === "safe") mended.push(reason);
  };
  const stopHearing = () => unsubscribe(connectionChannel, heard);
  const hear = () => subscribe(connectionChannel, heard);
  hear();
  onTestFinished(() => void stopHearing());
  const asked: (boolean | undefined)[] = [];
  const about = { provider: "ioredis", stores: ["verifications"] } as const;
  const reachable: Examined = { ...about, check: "reachable", level: "ok", server, message: "It answers." };
  const finding = (level: Examined["level"], message: string): Examined => ({
    ...about,
    server,
    check: "eviction",
    level,
    message,
  });
  let found: readonly Examined[] = [];
  const examine = async ({ isRepeat }: ExaminationOptions) => {
    asked.push(isRepeat);
    return [reachable, ...found];
  };
  const turn = (event: ConnectionMessage["event"], of = server, purpose: ConnectionMessage["purpose"] = "commands") =>
    publishConnection({ provider: "ioredis", purpose, event, server: of });
  const finds = (...next: readonly Examined[]) => {
    found = next;
  };
  return { told, mended, asked, examine, turn, finding, finds, hear, stopHearing };
}

it("asks at the start, once for several reconnects, every five minutes, and not after its end", async () => {
  const { asked, examine, turn, stopHearing } = scene("a:1");
  const end = watchSafety({ examine });
  await vi.advanceTimersByTimeAsync(500);
  expect(asked).toEqual([false]);
  turn("reconnected");
  turn("reconnected");
  turn("ready");
  await vi.advanceTimersByTimeAsync(1_500);
  expect(asked).toEqual([false, false]);
  // A new primary of a cluster; not sooner than ten seconds after the last one.
  turn("ready", "a:2");
  await vi.advanceTimersByTimeAsync(5_000);
  expect(asked).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(6_000);
  expect(asked).toEqual([false, false, false]);
  await vi.advanceTimersByTimeAsync(10 * MINUTE_MS);
  expect(asked).toEqual([false, false, false, true, true]);
  stopHearing();
  await vi.advanceTimersByTimeAsync(10 * MINUTE_MS);
  expect(asked).toHaveLength(5);
  end();
  turn("reconnected");
  await vi.advanceTimersByTimeAsync(10 * MINUTE_MS);
  expect([asked.length, vi.getTimerCount()]).toEqual([5, 0]);
});

it("tells a finding once, whatever its figures, and again where it was mended meanwhile", async () => {
  const { told, mended, examine, finding, finds } = scene("b:1");
  finds(finding("error", "It evicts. 10 keys"), finding("warning", "It has evicted."));
  const end = watchSafety({ examine });
  await vi.advanceTimersByTimeAsync(100);
  expect(told).toEqual(["eviction: It evicts. 10 keys", "eviction: It has evicted."]);
  for (const next of [finding("error", "It evicts. 12 keys"), finding("unknown", "It does not tell.")]) {
    finds(next);
    await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  }
  finds(finding("error", "It evicts. 14 keys"));
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect([told.length, mended]).toEqual([2, ["eviction: It has evicted."]]);
  finds(finding("ok", "It does not evict."));
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  // As it was told, with the figures of then.
  expect(mended.slice(1)).toEqual(["eviction: It evicts. 10 keys"]);
  finds(finding("error", "It evicts. 16 keys"));
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect(told.slice(2)).toEqual(["eviction: It evicts. 16 keys"]);
  end();
});

it("knows a finding by its topic, whatever its words, and tells of one check's findings apart", async () => {
  const { told, mended, examine, finding, finds } = scene("k:1");
  const lags = (words: string, topic = "lag") => ({ ...finding("warning", words), topic });
  finds(lags("1 replica, 1 byte behind."), lags("Also 10.0.0.1 is down.", "down: 10.0.0.1"));
  const end = watchSafety({ examine });
  await vi.advanceTimersByTimeAsync(100);
  expect(told).toHaveLength(2);
  finds(lags("2 replicas, 2 bytes behind."), lags("Also 10.0.0.2 is down.", "down: 10.0.0.2"));
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect(told.slice(2)).toEqual(["eviction: Also 10.0.0.2 is down."]);
  expect(mended).toEqual(["eviction: Also 10.0.0.1 is down."]);
  finds(finding("ok", "All is well."));
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect(mended.slice(1)).toEqual(["eviction: 1 replica, 1 byte behind.", "eviction: Also 10.0.0.2 is down."]);
  end();
});

it("tells once what several stores find of one server, and again only where all of them found it mended", async () => {
  const { told, examine, finding, finds } = scene("e:1");
  const error = finding("error", "It evicts.");
  // Three connections of one configuration.
  finds(error, { ...error, level: "warning", stores: ["rateLimits"] }, { ...error, stores: ["sessions"] });
  const end = watchSafety({ examine });
  await vi.advanceTimersByTimeAsync(100);
  const others = scene("e:1");
  onTestFinished(() => void others.stopHearing());
  others.finds(error);
  const endOthers = watchSafety({ examine: others.examine });
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect(told).toEqual(["eviction: It evicts."]);
  // One of them cannot see it, as with a user of fewer rights.
  others.finds(finding("ok", "It does not evict."));
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  others.finds(error);
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect(told).toHaveLength(1);
  // What closed stores have found is mended where the others say so.
  end();
  others.finds(finding("ok", "It does not evict."));
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  others.finds(error);
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect(told).toHaveLength(2);
  endOthers();
});

it("says that what it told is over where the server has left, and where servers answer that were not known before", async () => {
  const { told, mended, examine, finding, finds } = scene("f:1");
  const { server: _, ...unknown } = { ...finding("error", "There is no connection."), check: "reachable" as const };
  const end = watchSafety({ examine, found: [unknown] });
  finds({ ...finding("error", "It evicts."), server: "f:2" });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(mended).toEqual(["reachable: There is no connection."]);
  // f:2 is no primary and no replica any more.
  finds(finding("warning", "It may evict."));
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect([told, mended.slice(1)]).toEqual([["eviction: It may evict."], ["eviction: It evicts."]]);
  end();
});

it("ends what is mended while something else of that check is not known, and tells it again when it returns", async () => {
  const { told, mended, examine, finding, finds } = scene("g:1");
  const evicts = finding("error", "It evicts.");
  const notToldAlways = finding("unknown", "It never tells how many keys it has evicted: 0");
  finds(evicts, notToldAlways);
  const end = watchSafety({ examine });
  await vi.advanceTimersByTimeAsync(100);
  // This may be the same: the server tells it no more.
  finds(finding("unknown", "It does not tell whether it evicts."), notToldAlways);
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect([told.length, mended]).toEqual([1, []]);
  finds(finding("unknown", "It never tells how many keys it has evicted: 1"));
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect(mended).toEqual(["eviction: It evicts."]);
  finds(evicts, notToldAlways);
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect(told).toEqual(["eviction: It evicts.", "eviction: It evicts."]);
  // Another connection's user is told nothing.
  finds(finding("ok", "It does not evict."), { ...finding("unknown", "It does not tell."), stores: ["rateLimits"] });
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect(mended).toHaveLength(2);
  // The stores are closed, and opened anew after it was mended.
  finds(evicts, notToldAlways);
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  end();
  finds(notToldAlways);
  const endAnew = watchSafety({ examine });
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect([told.length, mended.length]).toEqual([3, 3]);
  endAnew();
});

it("does not say that a replica is mended while its primary or its replication is not known", async () => {
  const { mended, examine, finding, finds } = scene("h:1");
  finds({ ...finding("error", "It evicts."), server: "h:2" });
  const end = watchSafety({ examine });
  await vi.advanceTimersByTimeAsync(100);
  finds({ ...finding("unknown", "1 of 2 replicas were not looked at."), check: "replication" });
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  // The server of another connection answers, and says nothing of this one's.
  finds(
    { ...finding("error", "It does not answer."), check: "reachable", server: "h:3" },
    { ...finding("ok", "It answers."), check: "reachable", server: "h:4", stores: ["rateLimits"] },
  );
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect(mended).toEqual([]);
  finds({ ...finding("ok", "Replicas keep up."), check: "replication" });
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect(mended).toContain("eviction: It evicts.");
  end();
});

it("tells the same words of two connections without a server once, and ends them when neither finds them", async () => {
  const { mended, examine, finding, finds } = scene("i:1");
  const heard: unknown[] = [];
  const hear = (message: unknown) => void heard.push(Object(message).event);
  subscribe(connectionChannel, hear);
  onTestFinished(() => void unsubscribe(connectionChannel, hear));
  const { server: _, ...queues } = { ...finding("warning", "Your client queues calls."), check: "client" as const };
  const limits = { stores: ["rateLimits"] } as const;
  finds(queues, { ...queues, ...limits });
  const end = watchSafety({ examine });
  await vi.advanceTimersByTimeAsync(100);
  expect(heard).toEqual(["unsafe"]);
  const fine = { ...queues, level: "ok", message: "Your client queues nothing." } as const;
  finds(queues, { ...fine, ...limits });
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect(mended).toEqual([]);
  finds(fine, { ...fine, ...limits });
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect(heard).toEqual(["unsafe", "safe"]);
  end();
});

it("tells what a strict start found, and asks again after ten seconds where a server is away", async () => {
  const { told, asked, examine, finding, finds } = scene("c:1");
  const end = watchSafety({ examine, found: [finding("warning", "It may evict.")] });
  expect(told).toEqual(["eviction: It may evict."]);
  await vi.advanceTimersByTimeAsync(4 * MINUTE_MS);
  expect(asked).toEqual([]);
  finds({ ...finding("error", "It does not answer."), check: "reachable" });
  await vi.advanceTimersByTimeAsync(MINUTE_MS + 25_000);
  expect(asked).toEqual([true, true, true]);
  end();
});

it.each(["lost", "given-up"] as const)("tells that a server is away soon after its connection is %s", async (event) => {
  const { told, asked, examine, finding, finds, turn } = scene("j:1");
  const end = watchSafety({ examine, found: [] });
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  finds({ ...finding("error", "It does not answer."), check: "reachable" });
  turn(event);
  turn(event);
  await vi.advanceTimersByTimeAsync(1_500);
  expect([told, asked]).toEqual([["reachable: It does not answer."], [true]]);
  finds();
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  const askedIn30s = async (eventOf: (second: number) => typeof event | "reconnected") => {
    const before = asked.length;
    for (let second = 0; second < 30; second += 1) {
      turn(eventOf(second));
      await vi.advanceTimersByTimeAsync(1_000);
    }
    return asked.slice(before);
  };
  expect(await askedIn30s(() => event)).toEqual([true, true, true]);
  // After a reconnect what was refused before is asked, too.
  expect(await askedIn30s((second) => (second % 10 === 5 ? "reconnected" : event))).toEqual([true, false, false]);
  end();
});

it("asks nothing anew while an examination is under way, and soon after it", async () => {
  const { asked, examine, turn } = scene("l:1");
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slow = async (options: ExaminationOptions) => {
    const found = examine(options);
    await held;
    return found;
  };
  const end = watchSafety({ examine: slow });
  turn("reconnected");
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(asked).toHaveLength(1);
  release();
  await vi.advanceTimersByTimeAsync(1_500);
  expect(asked).toEqual([false, false]);
  end();
});

it("takes nothing for a new server while its first examination is under way, and tells nothing after its end", async () => {
  const { told, asked, finding, turn } = scene("m:1");
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const end = watchSafety({
    examine: async () => {
      asked.push(false);
      await held;
      return [finding("error", "It evicts.")];
    },
  });
  turn("ready");
  expect(vi.getTimerCount()).toBe(0);
  end();
  release();
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect([told, asked.length]).toEqual([[], 1]);
});

it("asks nothing for a connection that carries no calls", async () => {
  const { asked, examine, turn } = scene("n:1");
  const end = watchSafety({ examine, found: [] });
  turn("lost", "n:1", "sentinel");
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(asked).toEqual([]);
  end();
});

it("tells a later subscriber what a strict start found", async () => {
  const { told, examine, finding, finds, hear, stopHearing } = scene("e:1");
  stopHearing();
  const found = [finding("warning", "It may evict.")];
  finds(...found);
  const end = watchSafety({ examine, found });
  hear();
  expect(told).toEqual([]);
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect(told).toEqual(["eviction: It may evict."]);
  end();
});

it("goes on where an examination fails", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  scene("d:1");
  const examine = vi.fn<() => Promise<readonly Examined[]>>().mockRejectedValue(new Error("a bug"));
  const end = watchSafety({ examine });
  await vi.advanceTimersByTimeAsync(25_000);
  expect(examine).toHaveBeenCalledTimes(3);
  end();
});
