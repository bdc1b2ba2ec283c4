// consumeAll in a cluster: one script call a slot. Atomic within a slot; across slots it is not, and reports that.
import { isStoreError, type RateLimitDecision, StoreError } from "@tollbooth-stores/core";
import type { Limit, LimitGroup } from "@tollbooth-stores/core/native";

export type ConsumeTogether = (
  keys: readonly string[],
  groups: readonly LimitGroup[],
  taking: boolean,
) => Promise<{ allowed: boolean; decisions: RateLimitDecision[] }>;

export type Refund = (key: string, limit: Limit, receipt: string) => Promise<void>;

interface Part {
  keys: string[];
  groups: LimitGroup[];
}

/** A later slot failed for certain, but what was taken in the ones before it may stay taken. */
function partlyTaken(error: unknown): unknown {
  if (!isStoreError(error, "STORE_UNAVAILABLE") || error.outcome === "unknown") return error;
  const { message, cause } = error;
  return new StoreError("STORE_UNAVAILABLE", `${message} A part of the checks may have been taken.`, {
    outcome: "unknown",
    cause,
  });
}

/**
 * Groups the checks by slot, in one order for every caller. Equal hash tags are equal slots. Different tags may share a
 * slot too.
 */
function partsOf(keys: readonly string[], groups: readonly LimitGroup[]): Part[] {
  const parts = new Map<string, Part>();
  keys.forEach((key, index) => {
    const group = groups[index];
    if (group === undefined) return;
    const tag = /\{([^}]*)\}/.exec(key)?.[1] ?? key;
    const part = parts.get(tag) ?? { keys: [], groups: [] };
    part.keys.push(key);
    part.groups.push(group);
    parts.set(tag, part);
  });
  return [...parts].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, part]) => part);
}

/**
 * Peeks at every slot first, so that a denial takes nothing anywhere. Then it consumes slot by slot, in an order that
 * does not depend on the caller's: of two calls that want the last unit of the same slots, the one that gets the first
 * slot gets the others too. In the callers' own orders each could take what the other lacks. Where another client was
 * faster meanwhile, or a later slot's node fails, it gives back what was taken. That is best effort: what
 * cannot be given back stays taken until its window is over.
 */
export async function consumeAcrossSlots(
  keys: readonly string[],
  groups: readonly LimitGroup[],
  consume: ConsumeTogether,
  refund: Refund,
): Promise<{ allowed: boolean; atomic: boolean; decisions: RateLimitDecision[] }> {
  const parts = partsOf(keys, groups);
  const [only] = parts;
  if (only !== undefined && parts.length === 1)
    return { ...(await consume(only.keys, only.groups, true)), atomic: true };

  const merged = (replies: readonly { decisions: RateLimitDecision[] }[]): RateLimitDecision[] =>
    replies.reduce<RateLimitDecision[]>((all, { decisions }) => Object.assign(all, decisions), []);
  const seen = await Promise.all(parts.map((part) => consume(part.keys, part.groups, false)));
  if (seen.some(({ allowed }) => !allowed)) return { allowed: false, atomic: false, decisions: merged(seen) };

  const taken: { part: Part; decisions: RateLimitDecision[] }[] = [];
  const giveBack = () =>
    Promise.allSettled(
      taken.flatMap(({ part, decisions }) =>
        part.groups.flatMap(({ limits, positions }, group) =>
          limits.map(async (limit, index) => {
            const receipt = decisions[positions[index] ?? -1]?.receipt;
            const key = part.keys[group];
            if (receipt !== undefined && key !== undefined) await refund(key, limit, receipt);
          }),
        ),
      ),
    );
  for (const part of parts) {
    const reply = await consume(part.keys, part.groups, true).catch((error: unknown) => {
      // Not waited for: the call's time may be over.
      void giveBack();
      throw taken.length > 0 ? partlyTaken(error) : error;
    });
    if (!reply.allowed) {
      await giveBack();
      const unsigned = taken.map(({ decisions }) => ({ decisions: decisions.map(({ receipt: _, ...rest }) => rest) }));
      return { allowed: false, atomic: false, decisions: merged([...seen, ...unsigned, reply]) };
    }
    taken.push({ part, decisions: reply.decisions });
  }
  return { allowed: true, atomic: false, decisions: merged(taken) };
}
