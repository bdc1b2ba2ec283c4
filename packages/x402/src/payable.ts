// Whether terms can be paid, and reach their seller.
import { hasRightChecksum } from "./evm/address-checksum.ts";

/** Rootstock and its test network mix the chain's number into the checksum (EIP-1191): theirs is not checked. */
const OF_OTHER_CHECKSUM = ["eip155:30", "eip155:31"];

/** Why nothing should be paid to this address. Written without types it may be anything. */
export function payToObjection(payTo: unknown, network: string): string | undefined {
  if (!isAddress(payTo, network)) return "payTo must be an address of that network.";
  if (/^(?:0x0+|1+)$/.test(payTo)) return "payTo is the zero address: what is paid to it is lost.";
  return !isEvm(network) || OF_OTHER_CHECKSUM.includes(network) || hasRightChecksum(payTo)
    ? undefined
    : "payTo has a wrong checksum (EIP-55), so a character of it is mistyped: what is paid to it is lost. In lower case it is not checked.";
}

/** Why no scheme can make an amount of it. Written without types a price function may return anything. */
export function priceObjection(price: unknown): string | undefined {
  if (typeof price === "string" || typeof price === "number") return undefined;
  const { amount, asset }: { amount?: unknown; asset?: unknown } = Object(price);
  return typeof amount === "string" && typeof asset === "string"
    ? undefined
    : 'price must be money, such as "$0.01", or { asset, amount }: its function returned something else.';
}

/** Why no payer can pay what a scheme made of `price`, or pays nothing for it. */
export function parsedObjection(
  { amount, asset }: { readonly amount?: unknown; readonly asset?: unknown },
  network: string,
  price: unknown,
): string | undefined {
  if (typeof amount !== "string" || !/^\d+$/.test(amount)) {
    return "price must be an amount of the asset's smallest unit, or of money.";
  }
  if (/^0+$/.test(amount) && !isNothing(price))
    return "price is less than the asset's smallest unit: it would be free.";
  return isAddress(asset, network) ? undefined : "price must name its asset by an address of that network.";
}

/** Whether a price, of money or of an asset, is meant to be free. */
export function isNothing(price: unknown): boolean {
  const { amount = price }: { amount?: unknown } = Object(price);
  return !/[1-9]/.test(String(amount));
}

/** 20 bytes as 0x-hex on EVM, 32 bytes in base58 on Solana. */
function isAddress(value: unknown, network: string): value is string {
  if (typeof value !== "string") return false;
  return (isEvm(network) ? /^0x[0-9a-fA-F]{40}$/ : /^[1-9A-HJ-NP-Za-km-z]{32,44}$/).test(value);
}

const isEvm = (network: string) => network.startsWith("eip155:");
