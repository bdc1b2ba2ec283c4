// What is remembered of a payload whose settlement was refused: that it was, and for how long.
import { beforeEach, describe, expect, it } from "vitest";
import { StoreError } from "../errors.ts";
import { type ManualClock, manualClock, mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import { rememberRefusal, wasRefused } from "./refusals.ts";
import type { VerificationStore } from "./verification-store.ts";

const hour = 3_600_000;
const payment = { payloadHash: "payload", fingerprint: "f" };
let clock: ManualClock;
let store: VerificationStore;
beforeEach(() => {
  clock = manualClock();
  store = createVerificationStore(mapPort(clock));
});

describe("a refusal", () => {
  it("is remembered of its payload only, for as long as is said", async () => {
    expect(await wasRefused(store, payment)).toBe(false);
    await rememberRefusal(store, payment, hour);
    expect(await wasRefused(store, payment)).toBe(true);
    expect(await wasRefused(store, { payloadHash: "another" })).toBe(false);
    clock.advance(hour - 1);
    expect(await wasRefused(store, payment)).toBe(true);
    clock.advance(1);
    expect(await wasRefused(store, payment)).toBe(false);
  });

  it("may be remembered twice", async () => {
    await rememberRefusal(store, payment, hour);
    await rememberRefusal(store, payment, hour);
    expect(await store.peek("r:payload")).toEqual({
      status: "done",
      outcome: "accepted",
      value: "",
      expiresInMs: hour,
    });
  });

  it("that cannot be kept is no failure", async () => {
    const away: VerificationStore = {
      ...store,
      claim: () => Promise.reject(new StoreError("STORE_UNAVAILABLE", "down", { outcome: "unknown" })),
    };
    await rememberRefusal(away, payment, hour);
    expect(await wasRefused(store, payment)).toBe(false);
  });
});
