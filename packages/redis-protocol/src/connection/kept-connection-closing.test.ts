// close() of a kept connection, in each of its states: nothing stays open, no call waits, and no timer runs.
import { StoreError } from "@tollbooth-stores/core";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { NotSent } from "../redis-port.ts";
import {
  deadline,
  establishedOn,
  type FakeConnect,
  fakeConnect,
  fakeLink,
  pass,
  quiet,
  recordedEvents,
  standOf,
  useTestClock,
} from "./fake-link.test-support.ts";
import { type KeptConnection, keptConnection } from "./kept-connection.ts";

const never = new AbortController().signal;
const GRACE_MS = 500;

beforeEach(useTestClock);
afterEach(() => vi.useRealTimers());

const opened = () => {
  const attempts = fakeConnect();
  const connection = keptConnection({ connect: attempts.connect, events: recordedEvents().events });
  return { attempts, connection };
};
const connected = async () => {
  const made = opened();
  const link = made.attempts.succeed();
  await pass();
  return { ...made, link };
};
const isOver = async (connection: KeptConnection, attempts: FakeConnect) => {
  expect(await standOf(connection.ready(never))).toMatchObject({ code: "STORE_CLOSED" });
  await expect(connection.send(never, ["GET"])).rejects.toThrow(NotSent);
  expect(connection.isUp()).toBe(false);
  expect(connection.giveUp("failover", connection.generation(), true)).toBe(false);
  connection.release();
  expect([attempts.underWay(), vi.getTimerCount()]).toEqual([0, 0]);
  const count = attempts.count();
  await pass(60_000);
  expect(attempts.count()).toBe(count);
};

it("closes while the first connection is made, and lets go the calls that wait for it", async () => {
  const { attempts, connection } = opened();
  const waiting = quiet(connection.ready(never));
  expect(await standOf(connection.close(GRACE_MS))).toBe("resolved");
  expect(await standOf(waiting)).toMatchObject({ code: "STORE_CLOSED" });
  await isOver(connection, attempts);
});

it("closes between two attempts", async () => {
  const { attempts, connection } = opened();
  attempts.fail(new Error("refused"));
  await pass();
  expect(await standOf(connection.close(GRACE_MS))).toBe("resolved");
  await isOver(connection, attempts);
});

it("closes with several attempts under way", async () => {
  const { attempts, connection } = opened();
  await pass(2_500);
  expect(attempts.underWay()).toBe(3);
  expect(await standOf(connection.close(GRACE_MS))).toBe("resolved");
  await isOver(connection, attempts);
});

it("destroys a connection that an attempt makes after it was closed", async () => {
  let finish: (link: ReturnType<FakeConnect["succeed"]>) => void = () => {};
  const connection = keptConnection({
    connect: () => new Promise((resolve) => (finish = (link) => resolve(establishedOn(link)))),
    events: recordedEvents().events,
  });
  await connection.close();
  const link = fakeLink();
  finish(link);
  await pass();
  expect(link.isDestroyed()).toBe(true);
});

it("closes an idle connection at once, twice as well as once", async () => {
  const { attempts, connection, link } = await connected();
  expect(await standOf(connection.close(GRACE_MS))).toBe("resolved");
  expect(link.isDestroyed()).toBe(true);
  expect(await standOf(connection.close(GRACE_MS))).toBe("resolved");
  await isOver(connection, attempts);
});

it("waits for answers on their way, and then ends at once", async () => {
  const { attempts, connection, link } = await connected();
  const call = connection.send(deadline(400), ["GET"]);
  const closing = connection.close(GRACE_MS);
  await pass(100);
  expect([await standOf(closing), link.isDestroyed()]).toEqual(["pending", false]);
  link.answer("value");
  expect([await call, await standOf(closing), link.isDestroyed()]).toEqual(["value", "resolved", true]);
  await pass(400);
  await isOver(connection, attempts);
});

it("waits for answers no longer than its grace", async () => {
  const { attempts, connection, link } = await connected();
  const call = quiet(connection.send(deadline(1_000), ["GET"]));
  const closing = connection.close(GRACE_MS);
  await pass(GRACE_MS);
  expect([await standOf(closing), link.isDestroyed()]).toEqual(["resolved", true]);
  await expect(call).rejects.toThrow();
  await pass(1_000);
  await isOver(connection, attempts);
});

it("waits for nothing where the connection is suspected", async () => {
  const { attempts, connection, link } = await connected();
  void quiet(connection.send(deadline(300), ["GET"]));
  void quiet(connection.send(deadline(3_000), ["GET"]));
  await pass(400);
  expect(await standOf(connection.close(GRACE_MS))).toBe("resolved");
  expect(link.isDestroyed()).toBe(true);
  await pass(3_000);
  await isOver(connection, attempts);
});

it("closes while it is held, and while it is backed up", async () => {
  const { attempts, connection, link } = await connected();
  connection.hold(5_000, new StoreError("STORE_UNAVAILABLE", "A failover is under way."));
  link.hold(1_000_000);
  const waiting = quiet(connection.ready(never));
  expect(await standOf(connection.close(GRACE_MS))).toBe("resolved");
  expect(await standOf(waiting)).toMatchObject({ code: "STORE_CLOSED" });
  expect(link.isDestroyed()).toBe(true);
  await isOver(connection, attempts);
});

it("leaves no timer where it is held after it was closed", async () => {
  const { connection } = await connected();
  await connection.close();
  connection.hold(5_000, new StoreError("STORE_UNAVAILABLE", "A failover is under way."));
  expect(vi.getTimerCount()).toBe(0);
});
