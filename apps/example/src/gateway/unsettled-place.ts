// One of the few places that a payer has for what is made before it is paid for.
import type { Limits } from "./limits.ts";
import { NotNow } from "./not-now.ts";
import { UpstreamFailed } from "./upstream-client.ts";

export interface UnsettledPlace {
  /** Once, however often it is called. Throws NotNow where all of the payer's places are taken. */
  take(): Promise<void>;
  /** Takes it, if need be, and makes what is sold. */
  make<R>(serve: () => Promise<R>): Promise<R>;
  /** Gives it back, unless something was made that is not `paid`: then it is free again when its time is over. */
  leave(paid: boolean): void;
}

export function unsettledPlace(limits: Limits, payer: string): UnsettledPlace {
  let giveBack: (() => void) | undefined;
  let made = false;
  const take = async () => {
    giveBack ??= await limits.unsettled(payer);
    if (giveBack !== undefined) return;
    throw new NotNow("too_many_unsettled", "Other payments of yours are not settled yet. Send the same payment again.");
  };
  return {
    take,
    async make(serve) {
      await take();
      made = true;
      try {
        return await serve();
      } catch (error) {
        // What was broken off has cost the upstream its work; what it did not deliver, nothing.
        made = !(error instanceof UpstreamFailed);
        throw error;
      }
    },
    leave(paid) {
      if (paid || !made) giveBack?.();
    },
  };
}
