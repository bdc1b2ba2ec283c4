// What payOnce must not take for an answer, and what must not end the process while money is on its way.
import { describe, expect, it } from "vitest";
import { manualClock, mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import { payOnce } from "./pay-once.ts";
import type { Payment, PaymentSteps, SettleContext } from "./payment.ts";
import { resolvePayment } from "./resolve-payment.ts";

const payment = (key: string): Payment => ({
  ...{ key, payloadHash: `payload of ${key}`, fingerprint: "purchase" },
  validUntilMs: Date.now() + 60_000,
});
const seller: PaymentSteps<string> = {
  verify: async () => ({ ok: true }),
  serve: async () => "goods",
  settle: async () => ({ ok: true, receipt: "tx" }),
  findSettlement: async () => "unknown",
};

describe("a refusal of settle, where findSettlement", () => {
  const refused = { ...seller, settle: async () => ({ ok: false, reason: "used" }) as const };
  const never = new Promise<never>(() => undefined);

  it.each<[string, PaymentSteps<string>["findSettlement"]]>([
    ["throws", () => Promise.reject(new Error("the chain cannot be asked"))],
    ["does not answer", () => never],
    ["answers unclearly", async () => JSON.parse('{"foo":1}')],
  ])("%s, is doubt and no refusal", async (_, findSettlement) => {
    const store = createVerificationStore(mapPort());
    const paid = await payOnce(store, payment("k"), { ...refused, findSettlement }, { leaseMs: 20 });
    expect(paid.status).toBe("pending");
    expect((await store.peek("p:k")).status).toBe("unknown");
    const found = { ...refused, findSettlement: async () => ({ receipt: "tx" }) };
    expect(await payOnce(store, payment("k"), found)).toMatchObject({ status: "paid", fresh: true, receipt: "tx" });
  });
});

describe("a note that settle does not wait for", () => {
  it("ends no process and is not called lost where settle has answered", async () => {
    const store = createVerificationStore(mapPort());
    const unhandled: unknown[] = [];
    const hear = (error: unknown) => unhandled.push(error);
    process.on("unhandledRejection", hear);
    let noted: Promise<void> | undefined;
    const settle = async ({ note }: SettleContext) => {
      noted = note("0xhash");
      return { ok: true, receipt: "tx" } as const;
    };
    expect(await payOnce(store, payment("k"), { ...seller, settle })).toMatchObject({ status: "paid", fresh: true });
    await noted;
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", hear);
    expect(unhandled).toEqual([]);
  });
});

describe("a payment that an operator found settled, of which no record was left", () => {
  it("is not collected by a payload that no verifier takes, past its validity neither", async () => {
    const store = createVerificationStore(mapPort());
    await resolvePayment(store, { key: "k" }, { receipt: "tx" });
    const past = { ...payment("k"), validUntilMs: Date.now() - 60_000 };
    const forged = { ...seller, verify: async () => ({ ok: false, reason: "bad signature" }) as const };
    expect(await payOnce(store, { ...past, payloadHash: "forged" }, forged)).toEqual({ status: "conflict" });
    expect(await payOnce(store, past, seller)).toMatchObject({ status: "paid", fresh: true, receipt: "tx" });
  });
});

describe("a record that cannot be read", () => {
  it("hides no other from unresolved()", async () => {
    const clock = manualClock();
    const port = mapPort(clock);
    const store = createVerificationStore(port);
    for (const key of ["a", "b", "c"]) {
      await store.settle(key, { receipt: "tx" });
    }
    const [first = ""] = port.records.keys();
    port.put(first, { endsAtMs: clock.now() + 60_000, body: "broken" });
    const kinds: string[] = [];
    for await (const { kind } of store.unresolved()) kinds.push(kind);
    expect(kinds).toEqual(["owed", "owed"]);
  });
});

describe("an acceptance whose value cannot be stored", () => {
  it("counts without it: the payload is not verified again, and no duplicate waits", async () => {
    const store = createVerificationStore(mapPort());
    let verifies = 0;
    const verify = async () => {
      verifies += 1;
      return { ok: true, value: "x".repeat(70_000) } as const;
    };
    const steps = { ...seller, verify };
    expect(await payOnce(store, payment("k"), steps)).toMatchObject({ fresh: true });
    expect(await payOnce(store, payment("k"), steps)).toMatchObject({ status: "paid", fresh: false });
    expect(verifies).toBe(1);
  });
});
