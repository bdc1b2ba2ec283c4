// One signature has one spelling.
import fc from "fast-check";
import { recoverAddress } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { describe, expect, it } from "vitest";
import { canonicalSignature } from "./canonical-signature.ts";

const curveOrder = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The other signature of the same message by the same key. */
function mirrored(signature: string): string {
  const s = curveOrder - BigInt(`0x${signature.slice(66, 130)}`);
  const v = signature.endsWith("1b") ? "1c" : "1b";
  return signature.slice(0, 66) + s.toString(16).padStart(64, "0") + v;
}

describe("canonicalSignature", () => {
  it("gives all spellings of one signature the same text, which still verifies", async () => {
    const account = privateKeyToAccount(generatePrivateKey());
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 32, maxLength: 32 }), async (bytes) => {
        const hash = `0x${Buffer.from(bytes).toString("hex")}` as const;
        const signature = await account.sign({ hash });
        const canonical = canonicalSignature(signature);
        if (canonical === undefined) throw new Error("It was refused.");
        for (const other of [mirrored(signature), `0x${signature.slice(2).toUpperCase()}`]) {
          expect(canonicalSignature(other)).toBe(canonical);
        }
        const bare = signature.slice(0, 130) + (signature.endsWith("1b") ? "00" : "01");
        expect(canonicalSignature(bare)).toBe(canonical);
        expect(await recoverAddress({ hash, signature: canonical })).toBe(account.address);
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ["", "nothing"],
    ["0x", "no bytes"],
    [`0x${"11".repeat(64)}`, "64 bytes"],
    [`0x${"11".repeat(64)}1d`, "a v that is none"],
    [`0x${"11".repeat(32)}${curveOrder.toString(16)}1b`, "an s beyond the curve"],
    [`${"11".repeat(64)}1b`, "no 0x"],
  ])("refuses %j: %s", (text) => {
    expect(canonicalSignature(text)).toBeUndefined();
  });
});
