// Sends the last payment again, to every instance at once, as whoever has read it on the chain could.
import { type ActionContext, NotNow, type Outcome } from "./action.ts";
import { ask } from "./ask.ts";
import { curlOf } from "./curl.ts";

export async function replay(context: ActionContext): Promise<Outcome> {
  const { lastPayment, url } = context;
  if (lastPayment === undefined) throw new NotNow("Nothing has been paid yet; pay once first.");
  const times = Math.max(2, context.instances.list().length);
  const sent = await Promise.all(Array.from({ length: times }, () => ask(url, lastPayment.asked)));
  const answers = sent.map(({ summary }) => summary);
  const refused = answers.filter(({ status }) => status === 409).length;
  const served = answers.filter(({ status }) => status >= 200 && status < 300).length;
  // A payment whose answer was lost is owed one.
  const owed = lastPayment.settled ? 0 : 1;
  if (served > 0) lastPayment.settled = true;
  return {
    title: "Replay last payment",
    outcome: outcomeOf(times, refused, served, owed),
    // While it is owed, who asks at the same time may be told to come back.
    ok: served <= owed && (served === 1 || refused === times),
    answers,
    curl: [curlOf(url, lastPayment.asked)],
  };
}

function outcomeOf(times: number, refused: number, served: number, owed: number): string {
  if (served > owed) return `Served ${served} of ${times} times for money that was spent before.`;
  if (served > 0) return "Served once, as the answer that was lost is owed; it was not charged again.";
  if (refused === times) return `Refused ${times} of ${times} times. Nothing was served or charged again.`;
  return `Refused ${refused} of ${times} times; the others got no answer to hold on to. Nothing was served.`;
}
