// Bad input: malformed, oversized, forged and wrong payments; nothing runs, nothing is charged, nothing crashes.

import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { type Forgery, makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { describe, expect, test } from "vitest";
import { testSystem } from "./testing/test-system.ts";
import { told } from "./testing/told.ts";

const system = testSystem();
const stranger = "0x1111111111111111111111111111111111111111" as const;
const noMatch = "No matching payment requirements";
const seconds = (offset: number) => String(Math.floor(Date.now() / 1_000) + offset);

/** The answer, after checking that nothing ran and nothing moved. */
async function refused(headers: Record<string, string>, path = "/quote"): Promise<{ status: number; error: string }> {
  const { runs, transfers } = system.counts();
  const response = await fetch(system.url(path), { headers });
  const [status, error] = await told(response);
  expect(system.counts()).toMatchObject({ runs, transfers });
  return { status, error: String(error) };
}

async function alive(): Promise<void> {
  expect((await fetch(system.url("/healthz"))).status).toBe(200);
}

describe("a payment that is none", () => {
  const malformed: [string, Record<string, string>][] = [
    ["not base64", { "payment-signature": "%%%" }],
    ["base64 of no JSON", { "payment-signature": Buffer.from("{{{").toString("base64") }],
    ["an array", paymentHeader([])],
    ["null", paymentHeader(null)],
    ["a number", paymentHeader(7)],
    ["an empty object", paymentHeader({})],
    ["deep nesting", { "payment-signature": Buffer.from("[".repeat(5_000)).toString("base64") }],
    ["another protocol version", paymentHeader({ x402Version: 1, scheme: "exact", network: "base", payload: {} })],
    ["the header of version 1", { "x-payment": "eyJ4NDAyVmVyc2lvbiI6MX0=" }],
    [
      "a prototype in the payload",
      { "payment-signature": Buffer.from('{"__proto__":{"x402Version":2}}').toString("base64") },
    ],
  ];
  test.each(malformed)("is answered with 400: %s", async (_name, headers) => {
    expect(await refused(headers)).toEqual({ status: 400, error: "malformed_payment" });
    await alive();
  });

  const brokenFields: [string, string, unknown][] = [
    ["a value in hex", "value", "0x2710"],
    ["a negative value", "value", "-10000"],
    ["a value above 2^256", "value", "1".repeat(79)],
    ["a value as a number", "value", 10_000],
    ["a nonce of 31 bytes", "nonce", `0x${"00".repeat(31)}`],
    ["a nonce that is no hex", "nonce", `0x${"zz".repeat(32)}`],
    ["an address of 19 bytes", "from", `0x${"11".repeat(19)}`],
    ["an instant with a fraction", "validBefore", "1.5"],
    ["no recipient", "to", undefined],
  ];
  test.each(brokenFields)("is answered with 400: %s", async (_name, field, value) => {
    const { payload } = await makePayment(await system.payer());
    const authorization = { ...payload.payload.authorization, [field]: value };
    const broken = { ...payload, payload: { ...payload.payload, authorization } };
    expect(await refused(paymentHeader(broken))).toEqual({ status: 400, error: "malformed_payment" });
  });

  test.each(["0x", "nonsense"])("is answered with 400: a signature that is no bytes (%s)", async (signature) => {
    const { payload } = await makePayment(await system.payer());
    const broken = { ...payload, payload: { ...payload.payload, signature } };
    expect(await refused(paymentHeader(broken))).toEqual({ status: 400, error: "malformed_payment" });
  });

  test("is answered with 431 when its header is too large for the gateway, or for the server", async () => {
    const { payload } = await makePayment(await system.payer());
    const large = paymentHeader({ ...payload, extensions: { filler: "x".repeat(12_000) } });
    expect(await refused(large)).toEqual({ status: 431, error: "payment_too_large" });

    const before = system.counts();
    for (const headers of [{ "payment-signature": "A".repeat(40_000) }, { "x-filler": "y".repeat(200_000) }]) {
      expect(await statusOf(headers)).toBe(431);
    }
    const many = Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`x-${index}`, "value"]));
    expect(await statusOf(many)).toBe(431);
    expect(system.counts()).toEqual(before);
    await alive();
  });
});

describe("a request that is hardly HTTP", () => {
  test.each([
    ["a Host that is none", "GET /quote HTTP/1.1\r\nHost: ev il\r\nConnection: close\r\n\r\n", 400],
    ["no Host", "GET /quote HTTP/1.1\r\nConnection: close\r\n\r\n", 400],
    ["a control character in a header", "GET /quote HTTP/1.1\r\nHost: a\r\nX-A: \u0001\r\n\r\n", 400],
    ["no request line", "\u0000\u0001\u0002\r\n\r\n", 400],
    ["two lengths", "POST /order HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400],
  ])("is answered with 4xx: %s", async (_name, bytes, status) => {
    const before = system.counts();
    expect(await statusOfBytes(bytes)).toBe(status);
    expect(system.counts()).toEqual(before);
    await alive();
  });

  test("two payments in one request are none", async () => {
    const one = await makePayment(await system.payer());
    const other = await makePayment(await system.payer());
    const headers = [one, other].map(({ payload }) => paymentHeader(payload)["payment-signature"]);
    const lines = headers.map((value) => `PAYMENT-SIGNATURE: ${value}\r\n`).join("");
    const before = system.counts();
    expect(await statusOfBytes(`GET /quote HTTP/1.1\r\nHost: a\r\n${lines}Connection: close\r\n\r\n`)).toBe(400);
    expect(system.counts()).toEqual(before);
  });
});

/** The status that raw bytes are answered with. */
function statusOfBytes(bytes: string): Promise<number> {
  const { hostname, port } = new URL(system.url());
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk) => {
      text += chunk;
    });
    socket.on("close", () => resolve(Number(text.split(" ")[1])));
    socket.on("error", reject);
  });
}

/** The status of a request whose headers the server may refuse while they are still being sent. */
function statusOf(headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(system.url("/quote"), { headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on("error", reject);
    request.end();
  });
}

describe("a payment that does not pay", () => {
  const wrong: [string, () => Forgery, string][] = [
    ["for too little", () => ({ value: "9999" }), noMatch],
    ["for too much", () => ({ value: "10001" }), noMatch],
    ["of nothing", () => ({ value: "0" }), noMatch],
    ["to another address", () => ({ to: stranger }), noMatch],
    ["that has expired", () => ({ validBefore: seconds(-2) }), "invalid_exact_evm_payload_authorization_valid_before"],
    [
      "that is not valid yet",
      () => ({ validAfter: seconds(60), validBefore: seconds(100) }),
      "invalid_exact_evm_payload_authorization_valid_after",
    ],
    ["that names another chain", () => ({ chainId: 8_453, network: "eip155:8453" }), noMatch],
    ["signed for another chain", () => ({ chainId: 8_453 }), "invalid_exact_evm_signature"],
    ["signed for another token", () => ({ verifyingContract: stranger }), "invalid_exact_evm_signature"],
    ["in another payer's name", () => ({ from: stranger }), "invalid_exact_evm_signature"],
  ];
  test("is 503 where it names a token that the chain does not have: whether it moved cannot be asked", async () => {
    const { payload } = await makePayment(await system.payer(), { verifyingContract: stranger, asset: stranger });
    expect(await refused(paymentHeader(payload))).toEqual({ status: 503, error: "lookup_unavailable" });
  });

  test.each(wrong)("is answered with 402: one %s", async (_name, forgery, error) => {
    const { payload } = await makePayment(await system.payer(), forgery());
    expect(await refused(paymentHeader(payload))).toEqual({ status: 402, error });
  });

  test("is answered with 402: one whose payer has no money", async () => {
    const { payload } = await makePayment(privateKeyToAccount(generatePrivateKey()));
    const error = "invalid_exact_evm_insufficient_balance";
    expect(await refused(paymentHeader(payload))).toEqual({ status: 402, error });
  });

  test("is answered with 402, or 409 for a nonce that was used, when the victim's payments are known already", async () => {
    const victim = await system.payer();
    const attacker = await system.payer();
    const genuine = await makePayment(victim);
    expect((await fetch(system.url("/quote"), { headers: paymentHeader(genuine.payload) })).status).toBe(200);

    const before = system.counts();
    const forged = await makePayment(attacker, { from: victim.address });
    const borrowed = {
      ...forged.payload,
      payload: { authorization: genuine.payload.payload.authorization, signature: forged.signature },
    };
    const patched = {
      ...genuine.payload,
      payload: {
        signature: genuine.signature,
        authorization: { ...genuine.authorization, nonce: forged.authorization.nonce },
      },
    };
    for (const payload of [forged.payload, borrowed, patched]) {
      for (let round = 0; round < 3; round += 1) {
        const status = payload === borrowed ? 409 : 402;
        expect(await refused(paymentHeader(payload))).toMatchObject({ status });
      }
    }
    expect(system.counts()).toMatchObject({ runs: before.runs, transfers: before.transfers });
    const transfers = system.logged("ledger", "transfer").filter(({ from }) => from === victim.address);
    expect(transfers).toHaveLength(1);
  });

  test("is not made one by headers that name a payer", async () => {
    const victim = await system.payer();
    const headers = {
      "x-payer": victim.address,
      "x-payment-payer": victim.address,
      authorization: `Bearer ${victim.address}`,
    };
    expect(await refused(headers)).toEqual({ status: 402, error: "Payment required" });
    expect(await refused(headers, "/stream")).toEqual({ status: 402, error: "Payment required" });
  });

  test("does not spoil the genuine payment whose nonce it borrowed", async () => {
    const victim = await system.payer();
    const attacker = await system.payer();
    const genuine = await makePayment(victim);
    const { signature } = await makePayment(attacker, { from: victim.address });
    const forged = { ...genuine.payload, payload: { authorization: genuine.authorization, signature } };
    expect(await refused(paymentHeader(forged))).toEqual({ status: 402, error: "invalid_exact_evm_signature" });
    expect((await fetch(system.url("/quote"), { headers: paymentHeader(genuine.payload) })).status).toBe(200);
  });
});
