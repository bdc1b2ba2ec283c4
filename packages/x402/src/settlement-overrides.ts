// What a handler says of the amount that is settled (`upto`), as the SDK's own middleware reads it.
import type { Answer } from "@tollbooth-stores/http";
import { SETTLEMENT_OVERRIDES_HEADER, type SettlementOverrides } from "@x402/core/server";
import type { PaymentRequirements } from "@x402/core/types";
import type { ResourceServer } from "./resource-server.ts";
import { lowerCase } from "./sdk-answer.ts";

/** Undefined where the answer says nothing of it. Throws a TypeError for what the SDK could not read either. */
export function overridesIn({ headers }: Pick<Answer, "headers">): SettlementOverrides | undefined {
  const text = lowerCase(headers)[SETTLEMENT_OVERRIDES_HEADER.toLowerCase()];
  if (text === undefined) return undefined;
  const { amount }: { amount?: unknown } = Object(parsed(text));
  if (typeof amount !== "string") throw new TypeError("Settlement-Overrides must be JSON with an amount as text.");
  return { amount };
}

/**
 * Throws a TypeError for an amount that the SDK could not convert, or would hand to the facilitator as it is; and a RangeError for
 * more than the payment's own amount. The SDK says so, if at all, once the settlement has begun.
 */
export function requireSettleable(
  server: ResourceServer,
  requirements: PaymentRequirements,
  answer: Pick<Answer, "headers">,
): void {
  const asked = overridesIn(answer)?.amount;
  if (asked === undefined) return;
  const units = smallestUnits(server, requirements, asked);
  if (units === undefined) {
    throw new TypeError(
      'Settlement-Overrides needs an amount such as "1500" (smallest units), "50%" or, of an asset that the SDK knows, "$0.05".',
    );
  }
  if (units > BigInt(requirements.amount)) {
    throw new RangeError("Settlement-Overrides asks for more than the payment's amount.");
  }
}

/** As the SDK converts it. */
function smallestUnits(
  server: ResourceServer,
  { scheme, network, asset, amount }: PaymentRequirements,
  asked: string,
): bigint | undefined {
  const [, percent, hundredths = ""] = /^(\d+)(?:\.(\d{0,2}))?%$/.exec(asked) ?? [];
  if (percent !== undefined) return (BigInt(amount) * BigInt(percent + hundredths.padEnd(2, "0"))) / 10_000n;
  const [, dollars, cents = ""] = /^\$(\d+)(?:\.(\d+))?$/.exec(asked) ?? [];
  if (dollars !== undefined) {
    const decimals = server.getRegisteredScheme(network, scheme)?.getAssetDecimals?.(asset, network);
    return decimals === undefined ? undefined : BigInt(dollars + cents.padEnd(decimals, "0").slice(0, decimals));
  }
  return /^\d+$/.test(asked) ? BigInt(asked) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
