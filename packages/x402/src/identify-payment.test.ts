// A payment has one identity, however its payload is spelled, and another payment has another one.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Identity, identifyPayment, type TermsOfPayment } from "./identify-payment.ts";

const nowMs = 1_800_000_000_000;
const hex = (byte: string, length: number) => `0x${byte.repeat(length)}`;
const terms: TermsOfPayment = {
  scheme: "exact",
  network: "eip155:8453",
  asset: hex("aB", 20),
  amount: "10000",
  payTo: hex("cD", 20),
  maxTimeoutSeconds: 60,
};
const signature = `${hex("12", 32)}${"34".repeat(32)}1b`;
const authorization = {
  from: hex("eF", 20),
  to: hex("cD", 20),
  value: "10000",
  validAfter: "0",
  validBefore: String(nowMs / 1_000 + 60),
  nonce: hex("0A", 32),
};
const permit2Authorization = {
  from: hex("eF", 20),
  permitted: { token: hex("aB", 20), amount: "10000" },
  spender: hex("5A", 20),
  nonce: "17",
  deadline: String(nowMs / 1_000 + 60),
  witness: { to: hex("cD", 20), validAfter: "0" },
};
const eip3009 = { authorization, signature };
const permit2 = { permit2Authorization, signature };

function identified(payload: object, of: TermsOfPayment = terms) {
  const identity = identifyPayment({ ...payload }, of, nowMs);
  if (identity.status !== "identified") throw new Error(identity.message);
  return identity;
}

/** The payload with each 0x-hex text in other letters. */
function respelled(payload: object, upper: readonly boolean[]): object {
  let at = 0;
  const letters = (text: string) =>
    Array.from(text, (letter) => (upper[at++ % upper.length] ? letter.toUpperCase() : letter.toLowerCase())).join("");
  return JSON.parse(JSON.stringify(payload), (_, value: unknown) =>
    typeof value === "string" && /^0x/.test(value) ? `0x${letters(value.slice(2))}` : value,
  );
}

describe("identifyPayment", () => {
  it.each([
    ["EIP-3009", eip3009, terms],
    ["Permit2", permit2, terms],
    ["Permit2 up to an amount", permit2, { ...terms, scheme: "upto" }],
  ])("of %s gives every spelling one identity", (_, payload, of) => {
    const identity = identified(payload, of);
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }), (upper) => {
        expect(
          identified(respelled(payload, upper), { ...of, asset: of.asset.toUpperCase().replace("X", "x") }),
        ).toEqual(identity);
      }),
    );
    expect(identity.validUntilMs).toBe(nowMs + 60_000);
    expect(identity.payer).toBe(hex("ef", 20));
  });

  it("knows a signature with a mirrored s as the same payload", () => {
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const s = (order - BigInt(hex("34", 32))).toString(16).padStart(64, "0");
    expect(identified({ authorization, signature: `${hex("12", 32)}${s}1c` })).toEqual(identified(eip3009));
  });

  const changed: [string, object, Partial<TermsOfPayment>][] = [
    ["another nonce", { ...eip3009, authorization: { ...authorization, nonce: hex("0B", 32) } }, {}],
    ["another payer", { ...eip3009, authorization: { ...authorization, from: hex("01", 20) } }, {}],
    ["another token", eip3009, { asset: hex("02", 20) }],
    ["another chain", eip3009, { network: "eip155:1" }],
    ["Permit2", permit2, {}],
    ["a transaction on Solana", { transaction: solana("message") }, { network: "solana:main" }],
  ];
  it.each(changed)("names %s as another payment", (_, payload, of) => {
    expect(identified(payload, { ...terms, ...of }).key).not.toBe(identified(eip3009).key);
  });

  it.each([
    ["another amount", { ...authorization, value: "1" }],
    ["another recipient", { ...authorization, to: hex("01", 20) }],
    ["another end", { ...authorization, validBefore: "1800000001" }],
  ])("names %s of one nonce as the same payment and another payload", (_, other) => {
    const [one, two] = [identified(eip3009), identified({ authorization: other, signature })];
    expect([two.key === one.key, two.payloadHash === one.payloadHash]).toEqual([true, false]);
  });

  const otherPayloads: [string, object, object][] = [
    ["another signature", eip3009, { ...eip3009, signature: `${hex("13", 32)}${"34".repeat(32)}1b` }],
    ["another signature of a contract's account", { ...eip3009, signature: "0xab" }, { ...eip3009, signature: "0xac" }],
    ["another beginning", eip3009, { signature, authorization: { ...authorization, validAfter: "1" } }],
    [
      "another spender",
      permit2,
      { signature, permit2Authorization: { ...permit2Authorization, spender: hex("5B", 20) } },
    ],
  ];
  it.each(otherPayloads)("names %s as the same payment and another payload", (_, payload, other) => {
    const [one, two] = [identified(payload), identified(other)];
    expect([two.key === one.key, two.payloadHash === one.payloadHash]).toEqual([true, false]);
  });

  it("tells in the reference what was signed, and no signature", () => {
    for (const payload of [eip3009, permit2]) {
      const { reference } = identified(payload);
      expect(reference).not.toContain(signature.slice(2, 60));
      expect(JSON.parse(reference)).toMatchObject({
        ...{ network: terms.network, asset: hex("ab", 20), payTo: hex("cd", 20), amount: "10000", validAfter: "0" },
        ...{ payer: hex("ef", 20), validBefore: authorization.validBefore },
      });
    }
  });

  it("of Solana names the message, whichever signatures it has by now, and ends it by maxTimeoutSeconds", () => {
    const of = { ...terms, network: "solana:main" };
    const [one, two] = ["payer", "payer and facilitator"].map((by) =>
      identified({ transaction: solana("message", by) }, of),
    );
    expect(two?.key).toBe(one?.key);
    expect(two?.payloadHash).not.toBe(one?.payloadHash);
    expect(one).toMatchObject({ validUntilMs: nowMs + 60_000, payer: undefined });
    expect(identified({ transaction: solana("other") }, of).key).not.toBe(one?.key);
  });

  const refusedPayloads: [string, object, Identity["status"], Partial<TermsOfPayment>?][] = [
    ["no authorization", { signature }, "malformed"],
    ["an address of 19 bytes", { ...eip3009, authorization: { ...authorization, from: hex("eF", 19) } }, "malformed"],
    ["a nonce that is none", { ...eip3009, authorization: { ...authorization, nonce: "7" } }, "malformed"],
    ["an amount as a number", { ...eip3009, authorization: { ...authorization, value: 10_000 } }, "malformed"],
    ["an amount with leading zeros", { ...eip3009, authorization: { ...authorization, value: "010" } }, "malformed"],
    ["no signature", { authorization }, "malformed"],
    ["a signature that is no hex", { authorization, signature: "signed" }, "malformed"],
    ["EIP-3009 up to an amount", eip3009, "unsupported", { scheme: "upto" }],
    ["an escrow", eip3009, "unsupported", { scheme: "auth-capture" }],
    ["another kind of chain", eip3009, "unsupported", { network: "aptos:1" }],
    ["a transaction without signatures", { transaction: "AAEC" }, "malformed", { network: "solana:main" }],
    [
      "a transaction in base64 with spaces",
      { transaction: ` ${solana("m")}` },
      "malformed",
      { network: "solana:main" },
    ],
    [
      "32 days",
      { ...eip3009, authorization: { ...authorization, validBefore: String(nowMs / 1_000 + 32 * 86_400) } },
      "unsupported",
    ],
  ];
  it.each(refusedPayloads)("refuses %s, and repeats nothing of it", (_, payload, status, of = {}) => {
    const identity = identifyPayment({ ...payload }, { ...terms, ...of }, nowMs);
    expect(identity).toMatchObject({ status, message: expect.not.stringMatching(/0x[0-9a-f]|10000|signed"/i) });
  });

  it("names a payment that is over, so that its replay is known", () => {
    expect(identified({ authorization: { ...authorization, validBefore: "1" }, signature }).validUntilMs).toBe(1_000);
  });
});

function solana(message: string, signedBy = "payer"): string {
  const signature = Buffer.alloc(64, signedBy);
  return Buffer.concat([Buffer.of(1), signature, Buffer.from(message)]).toString("base64");
}
