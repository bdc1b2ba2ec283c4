// Many sessions of one subject: in steps and pages, with one that cannot be read among them.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StoreError } from "../errors.ts";
import { operationChannel } from "../telemetry.ts";
import { type ManualClock, type MapPort, manualClock, mapPort } from "../testing.ts";
import { createSessionStore } from "./create-session-store.ts";
import type { SessionStore } from "./session-store.ts";

const subject = "alice";
let clock: ManualClock;
let port: MapPort;
let steps: number;
let store: SessionStore<number>;
const messages: unknown[] = [];
const listen = (message: unknown) => messages.push(message);

beforeEach(() => {
  messages.length = 0;
  subscribe(operationChannel, listen);
  clock = manualClock();
  port = mapPort(clock);
  steps = 0;
  const counting: typeof port = {
    ...port,
    transact(keys, step, options) {
      steps += 1;
      return port.transact(keys, step, options);
    },
  };
  store = createSessionStore<number>(counting, { defaults: { idleTtlMs: 60_000 }, provider: "map" });
});
afterEach(() => unsubscribe(operationChannel, listen));

/** From now on the steps after this many fail for certain. */
function failAfter(count: number): void {
  const { transact } = port;
  let left = count;
  port.transact = (keys, step, options) => {
    left -= 1;
    if (left < 0) return Promise.reject(new StoreError("STORE_UNAVAILABLE", "Nothing was sent."));
    return transact(keys, step, options);
  };
}

async function make(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let data = 0; data < count; data += 1) ids.push((await store.create({ data, subject })).record.id);
  steps = 0;
  messages.length = 0;
  return ids;
}

async function listed(): Promise<number[]> {
  const all: number[] = [];
  for await (const { data } of store.listBySubject(subject)) all.push(data);
  return all.sort((one, other) => one - other);
}

/** Puts something else in the place of the session that was made first. */
function damage(body: unknown): string {
  const [key = ""] = [...port.records.keys()].filter((each) => each.includes(":s:"));
  port.put(key, { endsAtMs: clock.now() + 60_000, body });
  return key;
}

describe("listBySubject", () => {
  it.each([
    ["no session", "\0 unreadable"],
    ["data of another codec", { version: 1, createdAtMs: 1, payload: "9{}" }],
  ])("skips %s, keeps it, and says so without a name", async (_, body) => {
    await make(3);
    const whole = port.records.get([...port.records.keys()].find((key) => key.includes(":s:")) ?? "");
    const owned = typeof body === "string" ? body : { ...Object(whole?.body), ...body };
    const key = damage(owned);
    expect(await listed()).toEqual([1, 2]);
    expect(port.records.get(key)?.body).toEqual(owned);
    const about = { store: "sessions", operation: "listBySubject", provider: "map" };
    expect(messages).toHaveLength(2);
    expect(messages).toContainEqual({ ...about, durationMs: 0, outcome: "unreadable", errorCode: "STORE_CORRUPT" });
    expect(messages).toContainEqual({ ...about, durationMs: expect.any(Number), outcome: "ok" });
  });

  it("is told once a page, and reads no page that is not asked for", async () => {
    await make(150);
    const listing = store.listBySubject(subject)[Symbol.asyncIterator]();
    await listing.next();
    expect(steps).toBe(1 + 64);
    for (let next = await listing.next(); next.done !== true; next = await listing.next());
    expect(steps).toBe(1 + 150);
    expect(messages).toHaveLength(3);
  });

  it("fails where the backend does", async () => {
    await make(2);
    const failing = mapPort(clock);
    failing.transact = () => Promise.reject(new Error("away"));
    const gone = createSessionStore(failing).listBySubject(subject)[Symbol.asyncIterator]();
    await expect(gone.next()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });
});

describe("deleteBySubject", () => {
  it("takes a hundred sessions a step, unreadable ones too, and ends with a step that finds none", async () => {
    await make(250);
    damage("unreadable");
    expect(await store.deleteBySubject(subject)).toEqual({ deleted: 250 });
    expect(steps).toBe(1 + 3);
    expect(port.records.size).toBe(0);
  });

  it("says that it may have taken effect where a later step failed for certain", async () => {
    await make(250);
    failAfter(2);
    await expect(store.deleteBySubject(subject)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      outcome: "unknown",
    });
    failAfter(0);
    await expect(store.deleteBySubject(subject)).rejects.toMatchObject({ outcome: "not-applied" });
  });

  it("that fails between two steps leaves the rest to the next call", async () => {
    await make(250);
    const transact = port.transact.bind(port);
    let left = 2;
    const failing: MapPort = {
      ...port,
      transact(keys, step, options) {
        left -= 1;
        return left < 0 ? Promise.reject(new Error("away")) : transact(keys, step, options);
      },
    };
    const cut = createSessionStore<number>(failing).deleteBySubject(subject);
    await expect(cut).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "unknown" });
    expect(await listed()).toHaveLength(150);
    expect(await store.deleteBySubject(subject)).toEqual({ deleted: 150 });
  });
});

describe("getMany", () => {
  it("says how far it had come where a step fails", async () => {
    const ids = await make(300);
    let calls = 0;
    const failing: MapPort = {
      ...port,
      transact(keys, step, options) {
        calls += 1;
        return calls > 2 ? Promise.reject(new Error("away")) : port.transact(keys, step, options);
      },
    };
    const call = createSessionStore<number>(failing).getMany(ids);
    await expect(call).rejects.toThrow(/may have taken effect\. getMany had read (0|64|128) of 300 sessions\.$/);
    await expect(createSessionStore<number>(failing).getMany(ids.slice(0, 1))).rejects.not.toThrow(/getMany/);
  });
});
