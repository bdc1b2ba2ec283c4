// The terms that a route's price and payTo functions tell of a request: refused before any payer sees them, as those of a text are at
// the start.
import { StoreError } from "@tollbooth-stores/core";
import type { x402ResourceServer } from "@x402/core/server";
import type { PaymentRequirements } from "@x402/core/types";
import { isNothing, parsedObjection, payToObjection, priceObjection } from "./payable.ts";
import type { ResourceServer } from "./resource-server.ts";

type Building<Context> = Parameters<typeof x402ResourceServer.prototype.buildPaymentRequirementsFromOptions<Context>>;

/**
 * As `server.buildPaymentRequirementsFromOptions`. Rejects with STORE_CONFIG where what is paid would be lost, where no payer
 * could pay, and where a price would be free.
 */
export async function toldTerms<Context>(
  server: ResourceServer,
  ...[options, context]: Building<Context>
): Promise<PaymentRequirements[]> {
  const refuse = ({ scheme, network }: { scheme: string; network: string }, why: string | undefined) => {
    if (why === undefined) return;
    throw new StoreError("STORE_CONFIG", `paidRoutes cannot sell ${nameOf(context)} (${scheme} on ${network}): ${why}`);
  };
  const prices: unknown[] = options.map(({ price }) => price).filter((price) => typeof price !== "function");
  const watched = options.map((option) => {
    const { price, payTo } = option;
    const watchedPayTo: typeof payTo = async (asked) => {
      const told = typeof payTo === "function" ? await payTo(asked) : payTo;
      refuse(option, payToObjection(told, option.network));
      return told;
    };
    const watchedPrice: typeof price = async (asked) => {
      const told = typeof price === "function" ? await price(asked) : price;
      refuse(option, priceObjection(told));
      prices.push(told);
      return told;
    };
    return {
      ...option,
      ...(typeof payTo === "function" && { payTo: watchedPayTo }),
      ...(typeof price === "function" && { price: watchedPrice }),
    };
  });
  const terms = await server.buildPaymentRequirementsFromOptions(watched, context);
  // Where one of several prices is meant to be nothing, none is taken for rounded.
  const smallest = prices.find(isNothing) ?? prices[0];
  for (const made of terms) refuse(made, parsedObjection(made, made.network, smallest));
  return terms;
}

function nameOf(context: unknown): string {
  const { routePattern, method }: { routePattern?: unknown; method?: unknown } = Object(context);
  return `"${method} ${routePattern}"`;
}
