// One name for one payment, however it is spelled: the key of `payOnce` and `markOnce`.
import { invalidArgument } from "../errors.ts";
import { sha256OfFields } from "../hashing.ts";
import { evmChainId } from "./evm-chains.ts";

/** The fields that identify a payment: those that the chain itself refuses to accept twice. Never a signature. */
export type PaymentIdentity =
  /** `transferWithAuthorization` of a token contract (x402 "exact" on EVM). Nonce: 32 bytes as 0x-hex. */
  | { scheme: "eip3009"; network: string | number; contract: string; payer: string; nonce: string }
  /** Permit2 signature transfers. Nonce: a uint256, as bigint, decimal or 0x-hex. `permit2`: its address there. */
  | { scheme: "permit2"; network: string | number; permit2?: string | undefined; owner: string; nonce: bigint | string }
  /** A Solana transaction: the bytes of its message, without signatures. */
  | { scheme: "svm"; message: Uint8Array }
  /** Any other scheme: the client's payment identifier, scoped by the payer that verification established. */
  | { scheme: "payment-identifier"; payer: string; id: string };

/** The address at which Permit2 is deployed on most chains. */
const canonicalPermit2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3";

function bytesOfHex(value: string, length: number, name: string): Uint8Array {
  if (!new RegExp(`^0[xX][0-9a-fA-F]{${2 * length}}$`).test(value)) {
    throw invalidArgument(`${name} must be ${length} bytes as 0x-prefixed hex.`);
  }
  return Buffer.from(value.slice(2), "hex");
}

function bytesOfUint256(value: bigint | string, name: string): Uint8Array {
  const valid = typeof value === "bigint" ? value >= 0n : /^(?:0[xX][0-9a-fA-F]{1,64}|\d{1,78})$/.test(value);
  const number = valid ? BigInt(value) : -1n;
  if (number < 0n || number >= 1n << 256n) throw invalidArgument(`${name} must be a uint256.`);
  return Buffer.from(number.toString(16).padStart(64, "0"), "hex");
}

function fieldsOf(payment: PaymentIdentity): (string | Uint8Array)[] {
  switch (payment.scheme) {
    case "eip3009":
      return [
        String(evmChainId(payment.network)),
        bytesOfHex(payment.contract, 20, "contract"),
        bytesOfHex(payment.payer, 20, "payer"),
        bytesOfHex(payment.nonce, 32, "nonce"),
      ];
    case "permit2":
      return [
        String(evmChainId(payment.network)),
        bytesOfHex(payment.permit2 ?? canonicalPermit2, 20, "permit2"),
        bytesOfHex(payment.owner, 20, "owner"),
        bytesOfUint256(payment.nonce, "nonce"),
      ];
    case "svm":
      if (!(payment.message instanceof Uint8Array) || payment.message.length === 0)
        throw invalidArgument("message must be the bytes of a Solana message.");
      return [payment.message];
    case "payment-identifier": {
      const { payer, id } = payment;
      if (typeof payer !== "string" || payer === "" || typeof id !== "string" || id === "") {
        throw invalidArgument("payer and id must not be empty.");
      }
      // Tagged, because an address's bytes could equal another payer's text.
      return /^0[xX][0-9a-fA-F]{40}$/.test(payer) ? ["evm", bytesOfHex(payer, 20, "payer"), id] : ["text", payer, id];
    }
    default:
      throw invalidArgument('scheme must be "eip3009", "permit2", "svm" or "payment-identifier".');
  }
}

/**
 * The payment's name, 43 characters of base64url: SHA-256 over length-prefixed, decoded fields. Two spellings of one
 * payment (letter case, network name, signature) give one key. A field that does not decode throws
 * STORE_INVALID_ARGUMENT.
 *
 * - EIP-3009: chain, contract, payer, nonce.
 * - Permit2: chain, Permit2 address, owner, nonce.
 * - SVM: message bytes.
 * - Payment identifier: "evm" and the payer's address, or "text" and the payer; then the identifier.
 */
export function paymentKey(payment: PaymentIdentity): string {
  return sha256OfFields([payment.scheme, ...fieldsOf(payment)]);
}

/** The purchase. `amount` in the asset's smallest unit; `path` raw, with its query; `bodyHash` of the raw body. */
export interface Purchase {
  payTo: string;
  asset: string;
  amount: bigint | string;
  method: string;
  origin: string;
  path: string;
  bodyHash?: string | undefined;
}

/**
 * The purchase's name, 43 characters of base64url: SHA-256 over length-prefixed fields. Letter case does not count in
 * 0x addresses and in the method, and the amount counts as a number. Every other field counts byte by byte. Throws
 * STORE_INVALID_ARGUMENT for an amount that is no uint256.
 */
export function paymentFingerprint(purchase: Purchase): string {
  const address = (text: string) => (/^0[xX]/.test(text) ? text.toLowerCase() : text);
  return sha256OfFields([
    address(purchase.payTo),
    address(purchase.asset),
    bytesOfUint256(purchase.amount, "amount"),
    purchase.method.toUpperCase(),
    purchase.origin,
    purchase.path,
    purchase.bodyHash ?? "",
  ]);
}

/**
 * The name of the exact payload as received, signature included: the key of `verifyOnce`. 43 characters of base64url.
 */
export function payloadHash(payload: string | Uint8Array): string {
  return sha256OfFields([payload]);
}
