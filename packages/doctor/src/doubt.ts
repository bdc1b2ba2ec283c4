// Turns the number and the age of unresolved payments into a finding.
import type { Examined } from "@tollbooth-stores/config";
import { ageOf } from "./age.ts";
import { unreadableText } from "./hear-unreadable.ts";

/** So old a doubt is no attempt under way any more, in milliseconds. */
const OLD_MS = 600_000;

/** The payments that no caller has ended. */
export interface Counts {
  /** Money may have moved. */
  inDoubt: number;
  /** Settled, and not delivered; those that have been served for an hour since, too. */
  owed: number;
  /** Since when the oldest of them is so, in milliseconds until now; 0 where there is none. */
  oldestMs: number;
  /** Records that could not be read, so that nothing is known of their payments. */
  unreadable: number;
}

/** An error where a record cannot be read; a warning from ten minutes on. `prefix`: where they were looked for. */
export function doubt(
  { inDoubt, owed, oldestMs, unreadable }: Counts,
  prefix: string,
): Pick<Examined, "level" | "topic" | "message" | "mend"> {
  if (unreadable > 0) {
    return {
      level: "error",
      topic: "unreadable",
      message: unreadableText(unreadable),
      mend: "`doctor payments list` names them. Was an older version deployed? Put the newer one back.",
    };
  }
  if (inDoubt + owed === 0) return { level: "ok", message: noneIn(prefix) };
  const message = `Payments in doubt: ${inDoubt}; owed to their payers: ${owed}; the oldest for ${ageOf(oldestMs)}.`;
  if (oldestMs < OLD_MS) return { level: "ok", message };
  return {
    level: "warning",
    topic: "in-doubt",
    message: `${message} Money may have moved for nothing.`,
    mend: "`doctor payments list` names them; `reconcileUnresolved` asks the chain.",
  };
}

/** In words: no payment is there. Under another prefix there may be some. */
export const noneIn = (prefix: string): string => `No payment is in doubt or owed under the prefix ${prefix}.`;
