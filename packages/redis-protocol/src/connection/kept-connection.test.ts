// A kept connection: up, suspected, replaced, given up, held and backed up, with connections and a clock of the test's.
import { StoreError } from "@tollbooth-stores/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NotSent } from "../redis-port.ts";
import { deadline, fakeConnect, pass, quiet, recordedEvents, standOf, useTestClock } from "./fake-link.test-support.ts";
import { keptConnection } from "./kept-connection.ts";

const never = new AbortController().signal;

describe("keptConnection", () => {
  beforeEach(useTestClock);
  afterEach(() => vi.useRealTimers());

  const kept = () => {
    const attempts = fakeConnect();
    const { events, told } = recordedEvents();
    const changes: boolean[] = [];
    const connection = keptConnection({ connect: attempts.connect, events, changed: (up) => changes.push(up) });
    return { attempts, told, changes, connection };
  };
  const connected = async () => {
    const made = kept();
    const link = made.attempts.succeed();
    // A connection that is lost sooner counts as a failed attempt.
    await pass(2_000);
    made.told.length = 0;
    made.changes.length = 0;
    return { ...made, link };
  };
  /** A call that stays unanswered until its deadline. */
  const stall = async ({ connection }: ReturnType<typeof kept>) => {
    void quiet(connection.send(deadline(500), ["GET"]));
    await pass(600);
  };

  it("lets calls wait for the first connection, and sends at once from then on", async () => {
    const { attempts, told, changes, connection } = kept();
    const ready = quiet(connection.ready(never));
    expect([await standOf(ready), connection.isUp()]).toEqual(["pending", false]);
    await expect(connection.send(never, ["GET"])).rejects.toThrow(NotSent);
    const link = attempts.succeed();
    expect([await standOf(ready), connection.isUp()]).toEqual(["resolved", true]);
    expect([told, changes]).toEqual([["connecting", "ready"], [true]]);
    const reply = connection.send(never, ["GET", "key"]);
    expect(link.unanswered).toEqual([["GET", "key"]]);
    link.answer("value");
    expect(await reply).toBe("value");
  });

  it("refuses calls at once where waiting does not help, and works when it does after all", async () => {
    const { attempts, connection } = kept();
    const ready = quiet(connection.ready(never));
    attempts.fail(new Error("WRONGPASS invalid username-password pair"));
    const refusal = { code: "STORE_UNAVAILABLE", message: expect.stringContaining("`password`") };
    expect(await standOf(ready)).toMatchObject(refusal);
    expect(await standOf(connection.ready(never))).toMatchObject(refusal);
    await pass(100);
    attempts.succeed();
    await pass();
    expect(await standOf(connection.ready(never))).toBe("resolved");
    expect(connection.error()).toBeUndefined();
  });

  it("lets a call go on waiting where waiting may help, until its signal aborts", async () => {
    const { attempts, connection } = kept();
    const ready = quiet(connection.ready(deadline(300)));
    const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    attempts.fail(refused);
    expect([await standOf(ready), connection.error()]).toEqual(["pending", refused]);
    await pass(300);
    expect(await standOf(ready)).toMatchObject({ message: "The deadline passed." });
  });

  it("tells that it was lost, and connects again at once", async () => {
    const { attempts, told, changes, connection, link } = await connected();
    link.end(Object.assign(new Error("read"), { code: "ECONNRESET" }));
    await pass();
    expect([told, changes]).toEqual([["lost ECONNRESET", "connecting"], [false]]);
    expect(connection.isUp()).toBe(false);
    attempts.succeed();
    await pass();
    expect([told.at(-1), connection.isUp(), connection.generation()]).toEqual(["ready", true, 2]);
  });

  it("suspects a connection that is silent until a deadline, and tries another beside it", async () => {
    const made = await connected();
    const { attempts, told, connection, link } = made;
    await stall(made);
    expect(told).toEqual(["given-up no answer", "connecting"]);
    expect([connection.isUp(), link.isDestroyed(), attempts.underWay()]).toEqual([false, false, 1]);
    expect(connection.error()).toMatchObject({ phase: "commands" });
  });

  it("carries on with a suspected connection that answers late, and abandons the attempt", async () => {
    const made = await connected();
    const { attempts, told, connection, link } = made;
    await stall(made);
    const ready = quiet(connection.ready(never));
    link.answer("late");
    expect(await standOf(ready)).toBe("resolved");
    expect([told.at(-1), attempts.underWay(), connection.generation()]).toEqual(["ready", 0, 1]);
    expect(attempts.count()).toBe(2);
    await pass(60_000);
    expect(attempts.count()).toBe(2);
  });

  it("goes over to another connection that answers before the suspected one, which ends", async () => {
    const made = await connected();
    await stall(made);
    const next = made.attempts.succeed();
    await pass();
    expect([made.connection.isUp(), made.connection.generation(), made.link.isDestroyed()]).toEqual([true, 2, true]);
    void made.connection.send(never, ["GET"]);
    expect(next.unanswered).toEqual([["GET"]]);
  });

  it("suspects nothing while any call is answered, or after a short silence", async () => {
    const { told, connection, link } = await connected();
    for (let calls = 1; calls <= 2; calls += 1) void quiet(connection.send(deadline(500), ["SLOW"]));
    await pass(450);
    link.answer();
    await pass(100);
    void quiet(connection.send(deadline(30), ["HASTY"]));
    await pass(40);
    expect([told, connection.isUp()]).toEqual([[], true]);
  });

  it("replaces a connection that only ever answers too late", async () => {
    const made = await connected();
    for (let round = 1; round <= 3; round += 1) {
      await stall(made);
      made.link.answer("late");
      await pass();
      expect(made.connection.isUp()).toBe(round < 3);
    }
    made.attempts.succeed();
    await pass();
    expect([made.connection.isUp(), made.connection.generation(), made.link.isDestroyed()]).toEqual([true, 2, true]);
  });

  it("is given up at most once a second, unless always, and only where it is meant", async () => {
    const { attempts, told, connection, link } = await connected();
    expect(connection.giveUp("a replica", 1)).toBe(true);
    await pass();
    expect([told, link.isDestroyed()]).toEqual([["given-up a replica", "connecting"], true]);
    expect(connection.giveUp("a replica", 1), "it is being made anew").toBe(true);
    const second = attempts.succeed();
    await pass();
    expect(connection.giveUp("a replica", 1), "the former one was meant").toBe(true);
    expect(connection.giveUp("a replica", 2)).toBe(false);
    expect([connection.isUp(), second.isDestroyed()]).toEqual([true, false]);
    await pass(1_000);
    expect(connection.giveUp("a replica", 2)).toBe(true);
    const third = attempts.succeed();
    await pass();
    expect([connection.giveUp("failover", 3, true), third.isDestroyed()]).toEqual([true, true]);
    expect(told.filter((each) => each.startsWith("given-up"))).toHaveLength(3);
  });

  it("lets calls wait while it is held: until it is released, or its time is over", async () => {
    const { connection } = await connected();
    const why = new StoreError("STORE_UNAVAILABLE", "A failover is under way.");
    connection.hold(5_000, why);
    const ready = quiet(connection.ready(never));
    expect([await standOf(ready), connection.isUp(), connection.error()]).toEqual(["pending", false, why]);
    await expect(connection.send(never, ["GET"])).rejects.toThrow(NotSent);
    connection.release();
    expect([await standOf(ready), connection.error()]).toEqual(["resolved", undefined]);
    connection.hold(5_000, why);
    const again = connection.ready(never);
    await pass(4_999);
    expect(await standOf(again)).toBe("pending");
    await pass(1);
    expect(await standOf(again)).toBe("resolved");
  });

  it("lets calls wait while this process holds many bytes, and ends the connection at a deadline with any", async () => {
    const { told, connection, link } = await connected();
    link.hold(16_385);
    const ready = quiet(connection.ready(never));
    await pass(100);
    expect([await standOf(ready), connection.isUp()]).toEqual(["pending", false]);
    link.hold(16_384);
    await pass(10);
    expect(await standOf(ready)).toBe("resolved");
    const call = quiet(connection.send(deadline(500), ["SET"]));
    link.hold(1);
    await pass(501);
    expect([link.isDestroyed(), told[0]]).toEqual([true, "lost closed"]);
    await expect(call).rejects.toThrow();
  });

  it("measures each backlog from its own beginning", async () => {
    const { connection, link } = await connected();
    link.hold(20_000);
    const left = quiet(connection.ready(deadline(50)));
    await pass(60);
    await expect(left).rejects.toThrow();
    link.hold(0);
    await pass(60_000);
    link.hold(20_000);
    void quiet(connection.ready(deadline(5_000)));
    await pass(500);
    expect(link.isDestroyed()).toBe(false);
    await pass(1_000);
    expect(link.isDestroyed()).toBe(true);
  });
});
