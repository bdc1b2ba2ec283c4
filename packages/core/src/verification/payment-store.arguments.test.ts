// What the store refuses of a payment's calls, by the argument's name, before anything is stored; and which waiters they wake.
import { beforeEach, describe, expect, it } from "vitest";
import { type MapPort, mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import type { Lease, VerificationStore } from "./verification-store.ts";

let port: MapPort;
let store: VerificationStore;
let woken: number;
beforeEach(() => {
  woken = 0;
  const publish = () => {
    woken += 1;
  };
  port = { ...mapPort(), hint: { publish, subscribe: () => () => undefined } };
  store = createVerificationStore(port);
});

const lease: Lease = { token: "a", fence: "7", ttlMs: 1, attempt: 1 };
const claim = (token: string, more: object = {}) =>
  store.claim("k", {
    ...{ token, fingerprint: "f", leaseMs: 10_000, onLeaseExpiry: "retry", retainUntilMs: 0 },
    ...{ payment: { payload: "p" } },
    ...more,
  });
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => "accepted",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
/** What untyped callers may pass. */
const loose = <T>(value: unknown): T => JSON.parse(JSON.stringify(value));

describe("arguments of a payment", () => {
  it("are refused by name, and nothing is stored", async () => {
    const receipt = { receipt: "tx" };
    const large = "x".repeat(65_537);
    const cases: [Promise<unknown>, RegExp][] = [
      [claim("a", { payment: { payload: "" } }), /payment\.payload must not be empty/],
      [claim("a", { payment: { payload: 7 } }), /payment\.payload must be a string/],
      [claim("a", { payment: { payload: "p", collector: "" } }), /payment\.collector must not be empty/],
      [claim("a", { payment: { payload: "p", pricedBy: "\ud800" } }), /payment\.pricedBy must be well-formed/],
      [store.renew("k", lease, 1, { reference: large }), /reference is larger than 65536 bytes/],
      [store.renew("k", lease, 1, { kept: large }), /kept is larger than 65536 bytes/],
      [store.renew("k", lease, 1, { kept: "\ud800" }), /kept must be well-formed Unicode/],
      [store.settle("k", { receipt: "" }), /receipt must not be empty/],
      [store.settle("k", { receipt: large }), /receipt is larger than 65536 bytes/],
      [store.settle("k", { ...receipt, fingerprint: loose(7) }), /fingerprint must be a string/],
      [store.settle("k", { ...receipt, payment: { payload: "" } }), /payment\.payload must not be empty/],
      [store.settle("k", { ...receipt, retainUntilMs: 0.5 }), /retainUntilMs must be/],
      [store.settle("k", { ...receipt, lease: { ...lease, fence: "x" } }), /lease must be one/],
      [store.settle("k", { ...receipt, deliver: { token: "" } }), /token must be 1 to 200/],
      [store.deliver("k", { token: "d", kept: large }), /kept is larger/],
      [store.deliver("k", { token: "d", keptForMs: 0 }), /keptForMs must be/],
      [store.undeliver("k", ""), /token must be 1 to 200/],
      [store.expire("k", { reason: large }), /reason is larger/],
      [store.expire("k", { reason: "void", lease: { ...lease, token: "" } }), /token must be 1 to 200/],
    ];
    for (const [call, message] of cases) expect(await refusal(call)).toMatch(message);
    expect(port.records.size).toBe(0);
  });
});

describe("waking those who wait", () => {
  it("is done by every end and every receipt", async () => {
    const wakes = async (call: Promise<unknown>) => {
      const before = woken;
      await call;
      return woken - before;
    };
    const claimed = await claim("a");
    if (claimed.status !== "claimed") throw new Error(claimed.status);
    expect(await wakes(store.renew("k", claimed.lease, 1, { kept: "x" }))).toBe(0);
    expect(await wakes(store.settle("k", { receipt: "tx" }))).toBe(1);
    expect(await wakes(store.deliver("k", { token: "d" }))).toBe(1);
    expect(await wakes(store.undeliver("k", "d"))).toBe(1);
    expect(await wakes(store.expire("k", { reason: "void" }))).toBe(1);
    expect(await wakes(claim("b"))).toBe(0);
  });
});
