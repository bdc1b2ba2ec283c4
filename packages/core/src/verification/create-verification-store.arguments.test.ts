// What the verification store refuses, by the argument's name, before anything is read or written; and what it reports.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type OperationMessage, operationChannel } from "../telemetry.ts";
import { type ManualClock, type MapPort, manualClock, mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import type { Lease, VerificationStore } from "./verification-store.ts";

const day = 86_400_000;
let clock: ManualClock;
let port: MapPort;
let transacts: number;
let store: VerificationStore;
beforeEach(() => {
  clock = manualClock();
  port = mapPort(clock);
  transacts = 0;
  store = createVerificationStore({ ...port, transact: countingTransact(port) }, { provider: "map" });
});

/** The port's transact, counted. */
function countingTransact(of: MapPort): MapPort["transact"] {
  return (keys, step, options) => {
    transacts += 1;
    return of.transact(keys, step, options);
  };
}

const lease: Lease = { token: "a", fence: "7", ttlMs: 1, attempt: 1 };
const claimRequest = (more: object = {}) => ({
  ...{ token: "a", fingerprint: "f", leaseMs: 10_000, onLeaseExpiry: "retry" as const, retainUntilMs: 0 },
  ...more,
});
const result = (more: object = {}) => ({ outcome: "accepted" as const, value: "v", retainUntilMs: 0, ...more });
/** What untyped callers may pass. */
const loose = <T>(value: unknown): T => JSON.parse(JSON.stringify(value));
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => "accepted",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

describe("arguments", () => {
  it("are refused by name, and nothing reaches the port", async () => {
    const marker = { token: "a", fingerprint: "f", retainUntilMs: 0 };
    const cases: [Promise<unknown>, RegExp][] = [
      [store.claim(loose(7), claimRequest()), /^key must be a string/],
      [store.claim("k", claimRequest({ token: "" })), /^token must be 1 to 200 characters/],
      [store.claim("k", claimRequest({ token: 7 })), /^token must be a string/],
      [store.claim("k", claimRequest({ fingerprint: 7 })), /^fingerprint must be a string/],
      [store.claim("k", claimRequest({ leaseMs: 0 })), /^leaseMs must be a whole number/],
      [store.claim("k", claimRequest({ leaseMs: 31 * day })), /^leaseMs must be at most 2677800000 milliseconds/],
      [store.claim("k", claimRequest({ retainUntilMs: 0.5 })), /^retainUntilMs must be/],
      [store.claim("k", claimRequest({ onLeaseExpiry: "later" })), /^onLeaseExpiry must be "retry" or "unknown"/],
      [store.renew("k", loose({ ...lease, token: "" }), 1), /^token must be 1 to 200/],
      [store.renew("k", loose(null), 1), /^token must be a string/],
      [store.renew("k", lease, 0), /^leaseMs must be/],
      [
        store.renew("k", lease, 1, loose({ onLeaseExpiry: "retry" })),
        /^onLeaseExpiry can only be switched to "unknown"/,
      ],
      [store.note("k", loose({ ...lease, fence: 7 }), "e"), /^lease\.fence must be a string/],
      [store.note("k", lease, loose(7)), /^evidence must be a string/],
      [store.note("k", lease, "\ud800"), /^evidence must be well-formed Unicode/],
      [
        store.complete("k", loose({ ...lease, fence: "" }), result()),
        /^lease must be one that claim or reconcile gave/,
      ],
      [store.complete("k", lease, result({ outcome: "maybe" })), /^outcome must be "accepted" or "rejected"/],
      [store.complete("k", lease, result({ value: 7 })), /^value must be a string/],
      [store.complete("k", lease, result({ retainUntilMs: -1 })), /^retainUntilMs must be/],
      [store.complete("k", lease, result({ valueTtlMs: 0 })), /^valueTtlMs must be a whole number/],
      [store.complete("k", lease, result({ valueTtlMs: 31 * day + 1 })), /^valueTtlMs must be at most/],
      [
        store.complete("k", lease, result({ value: "x".repeat(65_537) })),
        /^value is larger than 65536 bytes \(maxValueBytes\); nothing/,
      ],
      [store.release("k", loose({ ...lease, fence: "7x" })), /^lease must be one/],
      [store.release("k", loose({ ...lease, fence: "x7" })), /^lease must be one/],
      [store.release("k", loose({ ...lease, fence: "12345678901234567" })), /^lease must be one/],
      [store.markUnknown("k", loose({ ...lease, token: "x".repeat(201) })), /^token must be 1 to 200/],
      [store.markUnknown("k", lease, "\ud800"), /^evidence must be well-formed/],
      [store.reconcile("k", { token: "", leaseMs: 1 }), /^token must be 1 to 200/],
      [store.reconcile("k", { token: "r", leaseMs: 1.5 }), /^leaseMs must be/],
      [store.reconcile({ handle: "x".repeat(42) }, { token: "r", leaseMs: 1 }), /^handle must be one that unresolved/],
      [store.reconcile({ handle: `${"x".repeat(43)}:` }, { token: "r", leaseMs: 1 }), /^handle must be one/],
      [store.reconcile({ handle: `:${"x".repeat(43)}` }, { token: "r", leaseMs: 1 }), /^handle must be one/],
      [store.markOnce("k", { ...marker, token: "" }), /^token must be 1 to 200/],
      [store.markOnce("k", loose({ ...marker, fingerprint: 7 })), /^fingerprint must be a string/],
      [store.markOnce("k", { ...marker, retainUntilMs: -1 }), /^retainUntilMs must be/],
      [store.markOnce(loose(7), marker), /^key must be a string/],
      [store.peek(loose(7)), /^key must be a string/],
      [store.wait("k", { timeoutMs: 0 }), /^timeoutMs must be/],
    ];
    for (const [call, message] of cases) expect(await refusal(call)).toMatch(message);
    expect(transacts).toBe(0);
  });

  it("are accepted up to their bounds", async () => {
    const token = "x".repeat(200);
    const claim = await store.claim("k", claimRequest({ token, leaseMs: 31 * day - 600_000 }));
    if (claim.status !== "claimed") throw new Error(claim.status);
    const value = "x".repeat(65_536);
    expect(await store.note("k", claim.lease, value)).toEqual({ status: "ok" });
    expect(await store.complete("k", claim.lease, result({ value, valueTtlMs: 31 * day }))).toEqual({ status: "ok" });
    expect(await store.peek("k")).toMatchObject({ status: "done", expiresInMs: 31 * day });
  });
});

describe("unresolved", () => {
  it("is refused, naming the reason, where the provider cannot list", async () => {
    const { scan: _, ...mute } = port;
    const records = createVerificationStore(mute).unresolved()[Symbol.asyncIterator]();
    await expect(records.next()).rejects.toMatchObject({
      code: "STORE_CONFIG",
      message: expect.stringMatching(/cannot list its records/),
    });
  });

  it("lists unknown claims of its own prefix and nothing else", async () => {
    const mine = createVerificationStore(port, { keyPrefix: "mine" });
    for (const key of ["unknown", "held"]) {
      const claim = await mine.claim(key, claimRequest());
      if (claim.status === "claimed" && key === "unknown") await mine.markUnknown(key, claim.lease, "tx");
    }
    await mine.markOnce("unknown", { token: "a", fingerprint: "f", retainUntilMs: 0 });
    const other = createVerificationStore(port, { keyPrefix: "other" });
    const claim = await other.claim("k", claimRequest());
    if (claim.status === "claimed") await other.markUnknown("k", claim.lease);
    // Not a record of ours, whatever it holds.
    port.put(`mine:{${"x".repeat(43)}}:c:more`, { endsAtMs: clock.now() + day, body: "?" });
    const found = [];
    for await (const each of mine.unresolved()) found.push(each);
    const about = { kind: "in-doubt", attempt: 1, fingerprint: expect.stringMatching(/^[\w-]{43}$/) };
    const handle = expect.stringMatching(/^[\w-]{43}$/);
    expect(found).toEqual([{ handle, ...about, evidence: "tx", atMs: clock.now() }]);
  });
});

describe("waking those who wait", () => {
  it("is done by complete, release, markUnknown and nothing else", async () => {
    const woken: string[] = [];
    const hint = { publish: (key: string) => void woken.push(key), subscribe: () => () => undefined };
    const hinting = createVerificationStore({ ...port, hint });
    const claimed = async (key: string) => {
      const claim = await hinting.claim(key, claimRequest());
      if (claim.status !== "claimed") throw new Error(claim.status);
      return claim.lease;
    };
    const held = await claimed("a");
    await hinting.renew("a", held, 1_000);
    await hinting.note("a", held, "e");
    await hinting.peek("a");
    expect(woken).toHaveLength(0);
    await hinting.complete("a", held, result());
    expect(woken).toHaveLength(1);
    await hinting.release("b", await claimed("b"));
    expect(woken).toHaveLength(2);
    await hinting.markUnknown("c", await claimed("c"));
    expect(woken).toHaveLength(3);
    await hinting.reconcile("c", { token: "r", leaseMs: 1 });
    expect(new Set(woken).size).toBe(3);
    expect(woken).toHaveLength(3);
  });
});

describe("renew", () => {
  it("switches to unknown only where it is asked to", async () => {
    const claim = await store.claim("k", claimRequest());
    if (claim.status !== "claimed") throw new Error(claim.status);
    await store.renew("k", claim.lease, 10_000);
    clock.advance(10_000);
    expect(await store.claim("k", claimRequest({ token: "b" }))).toMatchObject({ via: "takeover" });
  });
});

describe("telemetry", () => {
  const messages: OperationMessage[] = [];
  const listen = (message: unknown) => void messages.push(message as OperationMessage);
  beforeEach(() => {
    messages.length = 0;
    subscribe(operationChannel, listen);
  });
  afterEach(() => {
    unsubscribe(operationChannel, listen);
  });

  it("names every operation and its outcome", async () => {
    const claim = await store.claim("k", claimRequest());
    if (claim.status !== "claimed") throw new Error(claim.status);
    await store.renew("k", claim.lease, 10_000);
    await store.note("k", claim.lease, "e");
    await store.wait("k", { timeoutMs: 1 });
    await store.markUnknown("k", claim.lease);
    for await (const _ of store.unresolved()) await store.peek("k");
    const again = await store.reconcile("k", { token: "r", leaseMs: 1_000 });
    if (again.status !== "claimed") throw new Error(again.status);
    for await (const _ of store.unresolved());
    await store.release("k", again.lease);
    await store.complete("k", again.lease, result());
    await store.markOnce("k", { token: "a", fingerprint: "f", retainUntilMs: 0 });
    expect(messages.map(({ operation, outcome }) => `${operation}: ${outcome}`)).toEqual([
      "claim: claimed",
      "renew: ok",
      "note: ok",
      "wait: ok",
      "markUnknown: ok",
      "unresolved: ok",
      "peek: unknown",
      "reconcile: claimed",
      "unresolved: ok",
      "release: ok",
      "complete: lost",
      "markOnce: marked",
    ]);
    expect(new Set(messages.map(({ store, provider }) => `${store} ${provider}`))).toEqual(
      new Set(["verifications map"]),
    );
  });
});

describe("closing", () => {
  it("closes the port only where the store owns it", async () => {
    let closed = 0;
    const closing = {
      ...port,
      async close() {
        closed += 1;
      },
    };
    await createVerificationStore(closing, {}, { closePort: false }).close();
    expect(closed).toBe(0);
    await createVerificationStore(closing).close();
    expect(closed).toBe(1);
    await createVerificationStore(closing)[Symbol.asyncDispose]();
    expect(closed).toBe(2);
  });
});
