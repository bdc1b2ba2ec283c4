// How much was asked of each limit: a client that stayed below it, repeated requests included, must never be refused for it.
import type { Evidence } from "./evidence.ts";
import { countedAddress } from "./over-limit.ts";

export interface Sends {
  /** All requests from the address. */
  byAddress(address: string): number;
  /** All of the payer's on one route, uses of its sessions included. */
  byPayer(payer: string, route: string): number;
}

/** A request that was not sent yet counts as one. */
export function sendsOf({ plan, sent }: Pick<Evidence, "plan" | "sent">): Sends {
  const addresses = new Map<string, number>();
  const payers = new Map<string, number>();
  const add = (to: Map<string, number>, key: string, count: number) => to.set(key, (to.get(key) ?? 0) + count);
  for (const request of plan.requests.values()) {
    const times = Math.max(1, sent.get(request.id)?.times ?? 1);
    add(addresses, countedAddress(request.client), times);
    const payer = plan.payerOf(request);
    if (payer !== undefined) add(payers, `${request.route} ${payer}`, times);
  }
  return {
    byAddress: (address) => addresses.get(address) ?? 0,
    byPayer: (payer, route) => payers.get(`${route} ${payer}`) ?? 0,
  };
}
