// Limits, as a framework's middleware takes from them.
import { createMemoryStores, failOpen, rateLimiter, StoreError } from "@tollbooth-stores/memory";
import { expect, test } from "vitest";
import { beforeLimit, limitGates, takeFromLimit } from "./limit.ts";
import type { KnownPayments, RequestContext } from "./paid-gate.ts";

const { rateLimits } = createMemoryStores();
const few = rateLimiter(rateLimits, { name: "few", limit: 1, window: "1m" });
const many = rateLimiter(rateLimits, { name: "many", limit: 100, window: "1h" });

test("all limits of a request are told together, and the tightest leads", async () => {
  const request = {};
  await takeFromLimit(many, request, "together");
  const { headers, refused } = await takeFromLimit(few, request, "together");
  expect(refused).toBeUndefined();
  expect(headers).toEqual({
    "ratelimit-policy": '"many";q=100;w=3600, "few";q=1;w=60',
    ratelimit: '"many";r=99;t=3600, "few";r=0;t=60',
    "x-ratelimit-limit": "1",
    "x-ratelimit-remaining": "0",
    "x-ratelimit-reset": "60",
  });
});

test("a denied request is 429, with Retry-After and all headers", async () => {
  await takeFromLimit(few, {}, "denied");
  const request = {};
  await takeFromLimit(many, request, "denied");
  const { refused } = await takeFromLimit(few, request, "denied");
  expect(refused?.status).toBe(429);
  expect(refused?.headers).toMatchObject({
    "retry-after": "60",
    "x-ratelimit-limit": "1",
    "cache-control": "no-store",
  });
  expect(refused?.headers.ratelimit).toContain('"many"');
});

test.each([undefined, "", "x".repeat(1_025)])(
  "a request without a usable key is 400, and takes nothing",
  async (key) => {
    let asked = 0;
    const counting: typeof few = async (...call) => {
      asked += 1;
      return few(...call);
    };
    const { refused } = await takeFromLimit(counting, {}, key);
    expect([refused?.status, asked]).toEqual([400, 0]);
  },
);

test("a key of 1,024 characters is one, and the limiter hears when the client has gone", async () => {
  const { signal } = new AbortController();
  const asked: unknown[] = [];
  const listening: typeof few = async (key, options) => {
    asked.push([key, options?.signal]);
    return few(key, options);
  };
  const key = "k".repeat(1_024);
  expect((await takeFromLimit(listening, {}, key, signal)).refused).toBeUndefined();
  expect(asked).toEqual([[key, signal]]);
});

const away = new StoreError("STORE_UNAVAILABLE", "Away.", { outcome: "unknown" });
const broken = { ...rateLimits, consume: () => Promise.reject(away) };

test("a store that is away is 503 with Retry-After, and admits only through failOpen", async () => {
  const closed = await takeFromLimit(rateLimiter(broken, { name: "a", limit: 1, window: 1_000 }), {}, "me");
  expect([closed.refused?.status, closed.refused?.headers["retry-after"]]).toEqual([503, "1"]);
  const open = await takeFromLimit(rateLimiter(failOpen(broken), { name: "a", limit: 1, window: 1_000 }), {}, "me");
  expect(open.refused).toBeUndefined();
});

test("a refusal without a key, or without a store, tells the limits before it", async () => {
  const request = {};
  const { headers } = await takeFromLimit(many, request, "before");
  const unnamed = await takeFromLimit(few, request, undefined);
  const unanswered = await takeFromLimit(rateLimiter(broken, { name: "a", limit: 1, window: 1_000 }), request, "me");
  for (const { refused } of [unnamed, unanswered]) expect(refused?.headers).toMatchObject(headers);
});

test("a limiter's mistake is thrown", async () => {
  const mistaken: typeof few = () => Promise.reject(new StoreError("STORE_INVALID_ARGUMENT", "No."));
  await expect(takeFromLimit(mistaken, {}, "me")).rejects.toThrow("No.");
});

const gateThat = (answer: () => Promise<boolean>): KnownPayments => ({ knows: answer });
const yes = gateThat(async () => true);
const no = gateThat(async () => false);
const unable = gateThat(() => Promise.reject(away));
const context = (signal?: AbortSignal): RequestContext => ({
  path: "/",
  method: "GET",
  signal,
  adapter: {
    getHeader: () => undefined,
    getMethod: () => "GET",
    getPath: () => "/",
    getUrl: () => "/",
    getAcceptHeader: () => "",
    getUserAgent: () => "",
  },
});

test("a payment that one of the gates knows passes, whatever the others say", async () => {
  expect(await beforeLimit([no, unable, yes], context)).toBe("pass");
  expect(await beforeLimit([no, no], context)).toBe("take");
  expect(await beforeLimit([], () => expect.unreachable("No gate is asked."))).toBe("take");
});

test("where a gate cannot tell, the answer is 503: neither passed, nor refused as one too many", async () => {
  const answer = await beforeLimit([no, unable], context);
  expect(answer).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
});

test("a gate's mistake is thrown, and so is the reason of a client that has gone", async () => {
  const mistaken = gateThat(() => Promise.reject(new TypeError("A mistake.")));
  for (const gates of [[mistaken], [mistaken, unable]]) {
    await expect(beforeLimit(gates, context)).rejects.toThrow("A mistake.");
  }
  const gone = AbortSignal.abort(new Error("Gone."));
  await expect(beforeLimit([unable], () => context(gone))).rejects.toThrow("Gone.");
});

test("only true passes: any other value that a gate in plain JavaScript resolves with does not", async () => {
  const gates: KnownPayments[] = [JSON.parse("{}")];
  for (const gate of gates) Reflect.set(gate, "knows", async () => "no");
  expect(await beforeLimit(gates, context)).toBe("take");
});

test.each([
  ["no rule", [undefined, () => "me"]],
  ["nothing that names its clients", [few, undefined]],
  ["a gate that knows no payments", [few, () => "me", { unlessKnownTo: { handle: async () => undefined } }]],
  ["a list with something else in it", [few, () => "me", { unlessKnownTo: [yes, undefined] }]],
  ["null for a gate", [few, () => "me", { unlessKnownTo: null }]],
  ["a gate in the place of options", [few, () => "me", yes]],
  ["a misspelt option", [few, () => "me", { unlessKnowTo: yes }]],
])("a limit with %s is a wrong option", (_what, given) => {
  expect(() => Reflect.apply(limitGates, undefined, given)).toThrow(expect.objectContaining({ code: "STORE_CONFIG" }));
});

test("a limit takes no gate, one, or several", () => {
  const me = () => "me";
  const none: KnownPayments[] = [];
  const found = [undefined, { unlessKnownTo: yes }, { unlessKnownTo: [yes, no] }, { unlessKnownTo: none }].map(
    (options) => limitGates(few, me, options),
  );
  expect(found).toEqual([[], [yes], [yes, no], []]);
});
