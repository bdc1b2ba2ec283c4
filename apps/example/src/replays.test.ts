// A payment used before, in every disguise.
import { makePayment, malleate, paymentHeader } from "@tollbooth-stores/sandbox";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { describe, expect, test } from "vitest";
import { testSystem } from "./testing/test-system.ts";

const system = testSystem();

/** A payment that has been made, and a check that nothing else comes of it. */
async function spent() {
  const made = await makePayment(await system.payer());
  expect((await fetch(system.url("/quote"), { headers: paymentHeader(made.payload) })).status).toBe(200);
  const before = system.counts();
  const replay = async (headers: Record<string, string>, path = "/quote") => {
    const response = await fetch(system.url(path), { headers });
    const body: unknown = await response.json();
    expect(system.counts()).toEqual(before);
    return { status: response.status, error: String(Object(body).error) };
  };
  return { ...made, replay };
}

const conflict = { status: 409, error: "payment_already_used" };

describe("a payment that was used before is answered with 409, unverified, unserved and unsettled", () => {
  test("on the same route", async () => {
    const { payload, replay } = await spent();
    expect(await replay(paymentHeader(payload))).toEqual(conflict);
  });

  test("on another route of the same price", async () => {
    const { payload, replay } = await spent();
    expect(await replay(paymentHeader(payload), "/report")).toEqual(conflict);
  });

  test("on another route of another price", async () => {
    const { payload, replay } = await spent();
    const { runs, transfers } = system.counts();
    const response = await fetch(system.url("/order"), { method: "POST", headers: paymentHeader(payload) });
    expect(response.status).toBe(409);
    expect(system.counts()).toMatchObject({ runs, transfers });
    expect(await replay(paymentHeader(payload))).toEqual(conflict);
  });

  test("on a route that sells sessions", async () => {
    const { payload, replay } = await spent();
    expect(await replay(paymentHeader(payload), "/stream")).toEqual(conflict);
  });

  test("with another query", async () => {
    const { payload, replay } = await spent();
    expect(await replay(paymentHeader(payload), "/quote?again")).toEqual(conflict);
  });

  test("written in other JSON, in other letter case, or with more in it", async () => {
    const { payload, authorization, signature, replay } = await spent();
    const upper = (hex: string) => `0x${hex.slice(2).toUpperCase()}`;
    const shouted = {
      ...authorization,
      from: upper(authorization.from),
      to: authorization.to.toLowerCase(),
      nonce: upper(authorization.nonce),
    };
    const spellings: unknown[] = [
      { ...payload, payload: { authorization: shouted, signature: upper(signature) } },
      { ...payload, extensions: { note: "once more" }, resource: { url: "http://elsewhere.example/" } },
      Object.fromEntries(Object.entries(payload).reverse()),
    ];
    for (const spelling of spellings) expect(await replay(paymentHeader(spelling))).toEqual(conflict);
    const indented = Buffer.from(JSON.stringify(payload, null, 4)).toString("base64");
    expect(await replay({ "payment-signature": indented })).toEqual(conflict);
  });

  test("with a malleated signature, or its v written as a parity", async () => {
    const { payload, authorization, signature, replay } = await spent();
    const parity = `${signature.slice(0, 130)}${signature.endsWith("1b") ? "00" : "01"}`;
    for (const twin of [malleate(signature), parity]) {
      expect(twin).not.toBe(signature);
      expect(await replay(paymentHeader({ ...payload, payload: { authorization, signature: twin } }))).toEqual(
        conflict,
      );
    }
  });

  test.each([["for less", { value: "1" }]])(
    "when the payer signs the same nonce a second time, valid %s",
    async (_what, terms) => {
      const payer = await system.payer();
      const first = await makePayment(payer);
      expect((await fetch(system.url("/quote"), { headers: paymentHeader(first.payload) })).status).toBe(200);
      const { nonce } = Object(first.authorization);
      const second = await makePayment(payer, { ...terms, nonce });
      const { runs, transfers } = system.counts();
      expect((await fetch(system.url("/quote"), { headers: paymentHeader(second.payload) })).status).toBe(409);
      expect(system.counts()).toMatchObject({ runs, transfers });
    },
  );

  test("when the payer signs the same nonce a second time, for other terms", async () => {
    const payer = await system.payer();
    const first = await makePayment(payer);
    expect((await fetch(system.url("/quote"), { headers: paymentHeader(first.payload) })).status).toBe(200);
    const { runs, transfers } = system.counts();
    const { nonce } = Object(first.authorization);
    const second = await makePayment(payer, {
      nonce,
      validBefore: String(Number(first.authorization.validBefore) + 1),
    });
    const response = await fetch(system.url("/quote"), { headers: paymentHeader(second.payload) });
    expect(response.status).toBe(409);
    expect(system.counts()).toMatchObject({ runs, transfers });
  });
});

describe("a payment whose signature was malleated on its way", () => {
  test("is the same payment, and pays once", async () => {
    const { payload, authorization, signature } = await makePayment(await system.payer());
    const twin = { ...payload, payload: { authorization, signature: malleate(signature) } };
    const both = await Promise.all([
      fetch(system.url("/quote"), { headers: paymentHeader(twin) }),
      fetch(system.url("/quote"), { headers: paymentHeader(payload) }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(system.logged("ledger", "transfer").filter(({ from }) => from === authorization.from)).toHaveLength(1);
  });
});

describe("a payment that failed for want of money", () => {
  test("is no replay: it is refused as unpaid", async () => {
    const { payload } = await makePayment(privateKeyToAccount(generatePrivateKey()));
    for (let round = 0; round < 2; round += 1) {
      expect((await fetch(system.url("/quote"), { headers: paymentHeader(payload) })).status).toBe(402);
    }
  });
});
