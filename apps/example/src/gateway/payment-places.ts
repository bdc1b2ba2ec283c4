// What a payment needs a place for: to be in hand at all, and to have something made for it before it is paid.
import type { Stores } from "@tollbooth-stores/core";
import type { Limits } from "./limits.ts";
import { NotNow } from "./not-now.ts";
import { knownAs } from "./payment-record.ts";
import type { GiveBack } from "./places.ts";
import { UpstreamFailed } from "./upstream-client.ts";

export interface Places {
  /** Work for it, verifying say. It goes on where its client leaves, and so does what it holds of its address's. */
  during<R>(work: () => Promise<R>): Promise<R>;
  /** Makes what is sold. Throws NotNow where that needs a place and there is none. */
  make<R>(serve: () => Promise<R>): Promise<R>;
  /** Gives them back; the payer's not where something was made that is not `paid`: it is free again when its time is over. */
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
 * Takes the places before the stores hear of the payment: beyond the bound nothing is left in them. Throws NotNow where there
 * is none. What the stores know already goes on without: it is bounded by what was let in before, and its payer was told to ask
 * again. So it does where the limiter cannot answer.
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
    // What is in doubt or owed is made for money that has moved, as far as anybody knows.
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
