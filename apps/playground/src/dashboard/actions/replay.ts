// Sends the last payment again, to every instance at once, as a thief who has seen it would.
import { type ActionContext, NotNow, type Outcome } from "./action.ts";
import { ask, storesAwayNote } from "./ask.ts";
import { curlOf } from "./curl.ts";

export async function replay(context: ActionContext): Promise<Outcome> {
  const { lastPayment, url } = context;
  if (lastPayment === undefined) throw new NotNow("Nothing has been paid yet; pay once first.");
  const times = Math.max(2, context.instances.list().length);
  const sent = await Promise.all(Array.from({ length: times }, () => ask(url, lastPayment.asked)));
  const answers = sent.map(({ summary }) => summary);
  const refused = answers.filter(({ status }) => status === 409).length;
  const served = answers.filter(({ status }) => status >= 200 && status < 300).length;
  const away = answers.filter(({ note }) => note === storesAwayNote).length;
  // A payment whose answer was lost is owed one.
  const owed = lastPayment.settled ? 0 : 1;
  if (served > 0) lastPayment.settled = true;
  return {
    title: "Replay last payment",
    outcome: outcomeOf({ times, refused, served, owed, away }),
    // While it is owed, requests at the same time may be told to come back.
    ok: served <= owed && (served === 1 || refused === times),
    answers,
    curl: [curlOf(url, lastPayment.asked)],
  };
}

interface Counts {
  times: number;
  refused: number;
  served: number;
  owed: number;
  /** Without an answer, because the stores could not be asked. */
  away: number;
}

function outcomeOf({ times, refused, served, owed, away }: Counts): string {
  if (served > owed) return `Served ${served} of ${times} times for money that was spent before.`;
  if (served > 0) return "Served once, as the answer that was lost is owed; it was not charged again.";
  if (refused === times) return `Refused ${times} of ${times} times. Nothing was served or charged again.`;
  if (away === times) {
    const charged =
      owed === 0 ? "Nothing was charged again." : "Replay it once they are back; it cannot be charged twice.";
    return `No answer: the stores are away. ${charged}`;
  }
  if (refused === 0)
    return "No final answer yet. Nothing was served; replay it in a moment, it cannot be charged twice.";
  return `Refused ${refused} of ${times} times; the other answers were not final. Nothing was served.`;
}
