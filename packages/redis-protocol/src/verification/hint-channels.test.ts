// Which channels hints go through, and what becomes of a subscription that fails.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { RedisPort } from "../redis-port.ts";
import { hintChannels } from "./hint-channels.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const key = "tollbooth:verify:{abc}";

/** A port whose subscriptions are recorded, and fail where `failing` says so. */
function fakePort(cluster: boolean, failing: { ordinary?: Error; sharded?: Error } = {}) {
  const log: string[] = [];
  const heard = new Map<string, (message: string) => void>();
  const channel = (kind: "ordinary" | "sharded") => async (name: string, hear: (message: string) => void) => {
    log.push(`${kind} ${name}`);
    const failure = failing[kind];
    if (failure !== undefined) throw failure;
    heard.set(name, hear);
    return async () => {
      log.push(`end ${name}`);
    };
  };
  const port: RedisPort = {
    name: "fake",
    cluster,
    ready: () => Promise.resolve(),
    evalSha: () => Promise.reject(new Error("unused")),
    eval: () => Promise.reject(new Error("unused")),
    async *scan() {},
    subscribe: channel("ordinary"),
    subscribeSharded: channel("sharded"),
    close: () => Promise.resolve(),
  };
  return { port, log, heard };
}

const settled = () => vi.advanceTimersByTimeAsync(0);

it("has one common channel on a single server, and keeps it until it is closed", async () => {
  const { port, log, heard } = fakePort(false);
  const hints = hintChannels(port, "tollbooth:verify");
  expect(hints.announcement([key])).toEqual(["PUBLISH", "tollbooth:verify:hints", "abc"]);
  const wake = vi.fn();
  const leave = hints.hint.subscribe(key, wake);
  await settled();
  heard.get("tollbooth:verify:hints")?.("other");
  expect(wake).not.toHaveBeenCalled();
  heard.get("tollbooth:verify:hints")?.("abc");
  expect(wake).toHaveBeenCalledOnce();
  leave();
  hints.hint.subscribe(key, wake);
  await settled();
  expect(log).toEqual(["ordinary tollbooth:verify:hints"]);
  hints.close();
  await settled();
  expect(log).toEqual(["ordinary tollbooth:verify:hints", "end tollbooth:verify:hints"]);
});

it("has a sharded channel a record in a cluster, and leaves it with the last who waits", async () => {
  const { port, log } = fakePort(true);
  const hints = hintChannels(port, "p");
  expect(hints.announcement([key])).toEqual(["SPUBLISH", "p:{abc}:hints", "abc"]);
  const leave = [hints.hint.subscribe(key, () => {}), hints.hint.subscribe(key, () => {})];
  await settled();
  leave[0]?.();
  await settled();
  expect(log).toEqual(["sharded p:{abc}:hints"]);
  leave[1]?.();
  await settled();
  expect(log).toEqual(["sharded p:{abc}:hints", "end p:{abc}:hints"]);
});

it.each(["ERR unknown command 'ssubscribe', with args beginning with: ", "NOPERM this user has no permissions"])(
  "subscribes to the same name the ordinary way where the server says %s",
  async (message) => {
    const { port, log } = fakePort(true, { sharded: new Error(message) });
    hintChannels(port, "p").hint.subscribe(key, () => {});
    await settled();
    expect(log).toEqual(["sharded p:{abc}:hints", "ordinary p:{abc}:hints"]);
  },
);

it("does not take a lost connection for a refusal, and tries again for who waits a second later", async () => {
  const { port, log } = fakePort(true, { sharded: new Error("Connection is closed.") });
  const hints = hintChannels(port, "p");
  hints.hint.subscribe(key, () => {});
  await settled();
  hints.hint.subscribe(key, () => {});
  await settled();
  expect(log).toEqual(["sharded p:{abc}:hints"]);
  await vi.advanceTimersByTimeAsync(1_000);
  hints.hint.subscribe(key, () => {});
  await settled();
  expect(log).toEqual(["sharded p:{abc}:hints", "sharded p:{abc}:hints"]);
});

it("does not wait at its close for a subscription that is still being made", async () => {
  const { port } = fakePort(true);
  const hints = hintChannels({ ...port, subscribeSharded: () => new Promise(() => {}) }, "p");
  hints.hint.subscribe(key, () => {});
  expect(hints.close()).toBeUndefined();
});

it("subscribes anew for who waits next once a subscription has ended by itself", async () => {
  const { port, log } = fakePort(true);
  const losses: (() => void)[] = [];
  const subscribeSharded = (channel: string, hear: (message: string) => void, lost: () => void = () => {}) => {
    losses.push(lost);
    return port.subscribe(channel, hear);
  };
  const hints = hintChannels({ ...port, subscribeSharded }, "p");
  hints.hint.subscribe(key, () => {});
  await settled();
  losses[0]?.();
  hints.hint.subscribe(key, () => {});
  await settled();
  // One that was replaced has nothing to say any more.
  losses[0]?.();
  hints.hint.subscribe(key, () => {});
  await settled();
  expect(log).toEqual(["ordinary p:{abc}:hints", "ordinary p:{abc}:hints"]);
});
