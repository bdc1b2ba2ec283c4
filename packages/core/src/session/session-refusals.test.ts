// A refused session call says which argument mends it; a record that cannot be read says what it was, and stays.
import { createHash } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { beforeEach, describe, expect, it } from "vitest";
import { type OperationMessage, operationChannel } from "../telemetry.ts";
import { type ManualClock, type MapPort, manualClock, mapPort } from "../testing.ts";
import { createSessionStore } from "./create-session-store.ts";
import { instantMap, instantsOf } from "./instant-map.ts";
import type { SessionStore } from "./session-store.ts";

const minute = 60_000;
let clock: ManualClock;
let port: MapPort;
let store: SessionStore;
beforeEach(() => {
  clock = manualClock();
  port = mapPort(clock);
  store = createSessionStore(port);
});

/** What callers without types may pass. */
const loose = <T>(json: string): T => JSON.parse(json);
const issued = `${"a".repeat(19)}.${"b".repeat(43)}`;
const tooLong = "x".repeat(129);
const grant = { opId: "o", extendMs: minute };

describe("a session store says", () => {
  it.each<[string, (store: SessionStore) => Promise<unknown>, RegExp]>([
    ["that an id is text", (s) => s.get(loose("7")), /^A session id must be a string/],
    ["that ids are a list", (s) => s.getMany(loose('"ids"')), /^getMany takes a list of session ids/],
    ["that a handle is text", (s) => s.delete({ handle: loose("7") }), /^A session handle must be a string/],
    [
      "what an own id may be: not empty",
      (s) => s.create({ id: "", data: 1, idleTtlMs: minute }),
      /^A session id of your own must be a string of 1 to 1024 characters/,
    ],
    [
      "what an own id may be: text",
      (s) => s.create({ id: loose<string>("7"), data: 1, idleTtlMs: minute }),
      /^A session id of your own must be a string of 1 to 1024/,
    ],
    [
      "that an own id takes no subject",
      (s) => s.create({ id: "mine", subject: "s", data: 1, idleTtlMs: 1 }),
      /^A session with an id of your own takes no subject; take an id from newId\({ subject }\)/,
    ],
    [
      "for whom an id was issued",
      (s) => s.create({ id: issued, subject: "s", data: 1, idleTtlMs: 1 }),
      /^This id was not issued for this subject; take one from newId\({ subject }\)/,
    ],
    ["what may follow an id", (s) => s.rotate(issued, { newId: s.newId() }), /^newId must come from newId/],
    ["whose id is issued: text", async (s) => s.newId(loose('{"subject":7}')), /^subject must be a string/],
    [
      "which id is replaced: text",
      async (s) => s.newId(loose('{"replaces":7}')),
      /^A session id of your own must be a string/,
    ],
    [
      "what an id is issued for: one thing",
      async (s) => s.newId(loose('{"replaces":"mine","subject":"s"}')),
      /^An id that replaces another one keeps its subject; leave it out/,
    ],
    [
      "that a subject is not empty",
      (s) => s.create({ data: 1, subject: "", idleTtlMs: 1 }),
      /^subject must be a string/,
    ],
    ["that a subject is text", (s) => s.deleteBySubject(loose("7")), /^subject must be a string that is not empty/],
    ["which TTL is none: idle", (s) => s.create({ data: 1, idleTtlMs: 0 }), /^idleTtlMs must be a whole number/],
    ["which TTL is none: absolute", (s) => s.create({ data: 1, absoluteTtlMs: 0.5 }), /^absoluteTtlMs must be a whole/],
    ["that a session ends", (s) => s.create({ data: 1 }), /^A session must end: give idleTtlMs or absoluteTtlMs/],
    [
      "that quotas are an object",
      (s) => s.create({ data: 1, idleTtlMs: 1, quotas: loose('"q"') }),
      /^quotas must be an object of bigints/,
    ],
    [
      "what a quota holds",
      (s) => s.create({ data: 1, idleTtlMs: 1, quotas: { q: -1n } }),
      /^A quota must be a bigint from 0 to 2\^63 - 1/,
    ],
    [
      "what a quota is called",
      (s) => s.create({ data: 1, idleTtlMs: 1, quotas: { [tooLong]: 1n } }),
      /^A quota's name must be well-formed text of 1 to 128 characters/,
    ],
    ["that a debit names a quota", (s) => s.debit("i", { quota: loose("7"), amount: 1n }), /^A quota's name must be/],
    [
      "what a debit takes",
      (s) => s.debit("i", { quota: "q", amount: 0n }),
      /^A debit's amount must be a bigint from 1 to/,
    ],
    ["that a debit's opId is not empty", (s) => s.debit("i", { quota: "q", amount: 1n, opId: "" }), /^opId must be/],
    ["that a credit's opId is not empty", (s) => s.credit("i", { ...grant, opId: "" }), /^opId must be a string/],
    [
      "that a credit extends by a duration",
      (s) => s.credit("i", { ...grant, extendMs: 0 }),
      /^extendMs must be a whole/,
    ],
    [
      "that a credit adds something",
      (s) => s.credit("i", { opId: "o", quotas: {} }),
      /^A credit must add something: give/,
    ],
    [
      "what createWith takes",
      (s) => s.credit("i", { ...grant, createWith: loose('{"data":1,"subject":"s"}') }),
      /^createWith takes no subject and no quotas; put the quotas beside it/,
    ],
    ["what a version is", (s) => s.update("i", 1, loose('{"ifVersion":"3"}')), /^ifVersion must be the version of a/],
    [
      "that update needs a version",
      (s) => s.update("i", 1, loose("{}")),
      /^ifVersion must be the version of a session/,
    ],
    [
      "what retries are",
      (s) => s.modify("i", (data) => data, { retries: -1 }),
      /^retries must be a whole number, 0 or/,
    ],
  ])("%s", async (_title, call, message) => {
    await expect(call(store)).rejects.toMatchObject({ code: "STORE_INVALID_ARGUMENT" });
    await expect(call(store)).rejects.toThrow(message);
    expect(port.records.size).toBe(0);
  });

  it("what a credit would pass", async () => {
    const { record } = await store.create({ data: 1, absoluteTtlMs: minute, quotas: { q: 2n ** 63n - 1n } });
    await expect(store.credit(record.id, { opId: "o", extendMs: minute })).rejects.toThrow(
      /^extendMs reaches past the session's absolute deadline \(absoluteTtlMs\) or the last date; nothing was credited/,
    );
    await expect(store.credit(record.id, { opId: "o", quotas: { q: 1n } })).rejects.toThrow(
      /^A quota would pass 2\^63 - 1; nothing was credited/,
    );
  });

  it("nothing against a quota's name of 128 characters", async () => {
    const name = "x".repeat(128);
    const { record } = await store.create({ data: 1, idleTtlMs: 1, quotas: { [name]: 1n } });
    expect(record.quotas).toEqual({ [name]: 1n });
  });
});

describe("what is stored", () => {
  const keyOf = (kind: string) => [...port.records.keys()].find((key) => key.includes(`}:${kind}`)) ?? "";
  const mended = "cannot be read and was kept; check the codec option and its keys, and that nothing else writes";

  it.each<[string, string, unknown, RegExp]>([
    ["a session", "s", 7, /^A stored session cannot be read/],
    ["a session without a payload", "s", { version: 1, createdAtMs: 1 }, /^A stored session cannot be read/],
    [
      "a session with a TTL in words",
      "s",
      { version: 1, createdAtMs: 1, payload: "1", idleTtlMs: "1" },
      /^A stored sess/,
    ],
    ["quotas", "s", { version: 1, createdAtMs: 1, payload: "1", quotas: 7 }, /^A stored session cannot/],
    ["a quota", "s", { version: 1, createdAtMs: 1, payload: "1", quotas: [7] }, /^A stored session cannot/],
    ["a subject", "s", { version: 1, createdAtMs: 1, payload: "1", subject: 7 }, /^A stored session cannot/],
    [
      "a subject's text",
      "s",
      { version: 1, createdAtMs: 1, payload: "11", subject: ["h", "17"] },
      /^A stored session's subject cannot be read/,
    ],
  ])("says that it is no %s", async (_title, kind, body, message) => {
    const { record } = await store.create({ data: 1, subject: "s", idleTtlMs: minute });
    const stored = { endsAtMs: clock.now() + minute, body };
    port.put(keyOf(kind), stored);
    await expect(store.get(record.id)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    await expect(store.get(record.id)).rejects.toThrow(message);
    await expect(store.get(record.id)).rejects.toThrow(mended);
    expect(port.records.get(keyOf(kind))).toEqual(stored);
  });

  it.each([[7], [[7]], [[["h", "s", "soon"]]], [[["h", 7, 7]]], [[[7, "s", 7]]]])(
    "says that %j is no subject index",
    async (body) => {
      await store.create({ data: 1, subject: "s", idleTtlMs: minute });
      port.put(keyOf("i"), { endsAtMs: clock.now() + minute, body });
      await expect(store.deleteBySubject("s")).rejects.toThrow(/^A stored subject index cannot be read and was kept/);
    },
  );

  it("says that it is no list of applied operations", async () => {
    const { record } = await store.create({ data: 1, idleTtlMs: minute });
    await store.credit(record.id, grant);
    port.put(keyOf("o"), { endsAtMs: clock.now() + minute, body: 7 });
    await expect(store.credit(record.id, grant)).rejects.toThrow(/^A stored list of applied operations cannot be read/);
  });

  it("of another codec's making is told apart from data", async () => {
    const { record } = await store.create({ data: 1, idleTtlMs: minute });
    for (const [payload, message] of [
      [
        "9{}",
        /^Stored session data is in a format that jsonCodec does not know; check that every instance has the same/,
      ],
      ["1{", /^Stored session data is no JSON; check that every instance has the same codec/],
    ] as const) {
      port.put(keyOf("s"), { endsAtMs: clock.now() + 1, body: { version: 1, createdAtMs: 1, payload } });
      await expect(store.get(record.id)).rejects.toThrow(message);
    }
  });
});

describe("an applied operation", () => {
  it("is remembered under a name that outlives a release: forgotten, it could be applied again", async () => {
    const { record } = await store.create({ data: 1, idleTtlMs: minute, quotas: { q: 5n } });
    await store.credit(record.id, grant);
    await store.debit(record.id, { quota: "q", amount: 1n, opId: "o" });
    const stored = [...port.records].find(([key]) => key.includes("}:o"))?.[1].body;
    const names = [...instantsOf(instantMap(stored))].map(([name]) => name);
    expect(names).toEqual([named("credit"), named("debit")]);
  });

  /** SHA-256 over kind and opId, each after its length as four bytes; 22 characters. */
  const named = (kind: string) => {
    const bytes = Buffer.from(`\0\0\0${String.fromCharCode(kind.length)}${kind}\0\0\0\u0001o`);
    return createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
  };
});

describe("a codec that throws", () => {
  it("is heard where it says what is wrong", async () => {
    await expect(store.create({ data: { born: new Date(0) }, idleTtlMs: 1 })).rejects.toThrow(
      /^Session data\.born is an instance of a class/,
    );
  });

  const failing = (encode: () => string) => createSessionStore(port, { codec: { encode, decode: () => "unread" } });

  it("is not quoted", async () => {
    const broken = failing(() => {
      throw new Error("secret");
    });
    const call = broken.create({ data: 1, idleTtlMs: 1 });
    await expect(call).rejects.toThrow(
      /^The session codec could not encode this data; see what the codec option accepts/,
    );
  });

  it("is told what it must return", async () => {
    const ill = failing(() => "\ud800");
    await expect(ill.create({ data: 1, idleTtlMs: 1 })).rejects.toThrow(
      /^The session codec's encode must return a string/,
    );
  });

  it("when reading is not quoted either", async () => {
    const { record } = await store.create({ data: 1, idleTtlMs: minute });
    const blind = createSessionStore(port, {
      codec: {
        encode: String,
        decode: () => {
          throw new Error("secret");
        },
      },
    });
    await expect(blind.get(record.id)).rejects.toThrow(/^Stored session data cannot be read and was kept/);
    const wrote = createSessionStore(port, { codec: { encode: String, decode: () => JSON.parse("{") } });
    await expect(wrote.update(record.id, 1, { ifVersion: record.version })).rejects.toMatchObject({
      message: expect.stringMatching(/The call itself took effect\.$/),
      outcome: "unknown",
    });
  });
});

describe("telemetry", () => {
  it("tells in a word what was found", async () => {
    const words: string[] = [];
    const listen = (message: unknown) => {
      const { operation, outcome } = message as OperationMessage;
      words.push(`${operation}: ${outcome}`);
    };
    subscribe(operationChannel, listen);
    try {
      const { record } = await store.create({ data: 1, subject: "s", idleTtlMs: minute });
      await store.get(record.id);
      await store.get("nobody");
      await store.getMany([record.id, "nobody"]);
      for await (const _ of store.listBySubject("s"));
      await store.delete(record.id);
      await store.delete(record.id);
      await store.deleteBySubject("s");
    } finally {
      unsubscribe(operationChannel, listen);
    }
    expect(words).toEqual([
      "create: ok",
      "get: ok",
      "get: missing",
      "getMany: ok",
      "listBySubject: ok",
      "delete: ok",
      "delete: missing",
      "deleteBySubject: ok",
    ]);
  });
});

describe("disposing", () => {
  it("closes the store", async () => {
    await store[Symbol.asyncDispose]();
    await expect(store.get("x")).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });
});
