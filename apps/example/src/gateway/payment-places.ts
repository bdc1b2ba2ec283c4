// The places that a payment takes: one of its address's while it is in hand, one of its payer's while a result is unpaid.
import type { Stores } from "@tollbooth-stores/core";
import type { Limits } from "./limits.ts";
import { NotNow } from "./not-now.ts";
import { knownAs } from "./payment-record.ts";
import type { GiveBack } from "./places.ts";
import { UpstreamFailed } from "./upstream-client.ts";

export interface Places {
  /** Works on the payment: verifies it, say. If the client leaves, the work goes on and keeps the address's place. */
  during<R>(work: () => Promise<R>): Promise<R>;
  /** Makes the result. Throws NotNow where that needs a place and none is free. */
  make<R>(serve: () => Promise<R>): Promise<R>;
  /** Gives the places back. The payer's place stays taken until its time is over where a result was made and not `paid`. */
  leave(paid: boolean): void;
}

interface Asking {
  key: string;
  payer: string;
  address: string;
  /** Whether it is made before it is paid for. */
  servesFirst: boolean;
}

/**
 * Takes the places before the payment reaches a store, so that payments beyond the bound leave no record. Throws NotNow where no
 * place is free. A payment that the store knows goes on without a place, also where the limiter cannot answer: it had one when
 * it began, and its payer was told to ask again.
 */
export async function takePlaces(
  limits: Limits,
  stores: Pick<Stores, "verifications">,
  { key, payer, address, servesFirst }: Asking,
): Promise<Places> {
  let inHand: GiveBack | undefined;
  let unsettled: GiveBack | undefined;
  let made = false;
  let needsOne = servesFirst;
  let working = 0;
  let left = false;
  const letGo = () => {
    if (left && working === 0) inHand?.();
  };
  const during = async <R>(work: () => Promise<R>): Promise<R> => {
    working += 1;
    try {
      return await work();
    } finally {
      working -= 1;
      letGo();
    }
  };
  const takeUnsettled = async () => {
    unsettled ??= await limits.unsettled(payer);
    if (unsettled === undefined) throw full("of yours are not settled yet");
  };
  try {
    inHand = await limits.inHand(address);
    if (inHand === undefined) throw full("from your address are in hand");
    if (servesFirst) await takeUnsettled();
  } catch (error) {
    inHand?.();
    inHand = undefined;
    const known = await knownAs(stores, key);
    if (known === "nothing" || known === "ended") throw error;
    // In doubt or owed: the money may have moved, so making the result needs no place.
    needsOne &&= known === "claimed";
  }
  return {
    during,
    async make(serve) {
      if (needsOne) await takeUnsettled();
      made = true;
      try {
        return await during(serve);
      } catch (error) {
        // What was broken off has cost the upstream its work; what it did not deliver, nothing.
        made = !(error instanceof UpstreamFailed);
        throw error;
      }
    },
    leave(paid) {
      left = true;
      letGo();
      if (paid || !made) unsettled?.();
    },
  };
}

function full(which: string): NotNow {
  return new NotNow("too_many_unsettled", `Other payments ${which}. Send the same payment again.`);
}
