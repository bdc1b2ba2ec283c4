// Asks the chain what became of a nonce: the gateway's own eyes, where a facilitator's answer got lost.
import type { Address, Hex } from "viem";
import { z } from "zod";
import { addressSchema, bytes32Schema } from "../hex-schemas.ts";

/** As of one block, whose `time` is in Unix seconds. */
export type NonceState =
  | { state: "unused"; time: number }
  | { state: "used"; time: number; transaction: Hex; to: Address; value: string };

const time = z.int().min(0);
const nonceState = z.discriminatedUnion("state", [
  z.object({ state: z.literal("unused"), time }),
  z.object({ state: z.literal("used"), time, transaction: bytes32Schema, to: addressSchema, value: z.string() }),
]);

/** Throws where the chain does not answer within `timeoutMs`. */
export async function nonceStateOf(
  chainUrl: string,
  payer: Address,
  nonce: Hex,
  timeoutMs: number,
): Promise<NonceState> {
  const response = await fetch(`${chainUrl}/authorizations/${payer}/${nonce}`, {
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) throw new Error(`The chain answered ${response.status}.`);
  return nonceState.parse(await response.json());
}
