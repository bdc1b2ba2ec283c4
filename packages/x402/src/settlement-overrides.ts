// What a handler says of the amount that is settled (`upto`), as the SDK's own middleware reads it.
import type { Answer } from "@tollbooth-stores/http";
import { SETTLEMENT_OVERRIDES_HEADER, type SettlementOverrides } from "@x402/core/server";
import { lowerCase } from "./sdk-answer.ts";

/** Undefined where the answer says nothing of it. Throws a TypeError for what the SDK could not read either. */
export function overridesIn({ headers }: Pick<Answer, "headers">): SettlementOverrides | undefined {
  const text = lowerCase(headers)[SETTLEMENT_OVERRIDES_HEADER.toLowerCase()];
  if (text === undefined) return undefined;
  const { amount }: { amount?: unknown } = Object(parsed(text));
  if (typeof amount !== "string") throw new TypeError("Settlement-Overrides must be JSON with an amount as text.");
  return { amount };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
