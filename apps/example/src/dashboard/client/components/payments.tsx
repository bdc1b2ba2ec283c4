// What became of the payments, step by step: five numbers that must go together.
import type { JSX } from "preact";
import type { PaymentCounts, Tally } from "../../state.ts";
import { formatCount, plural } from "../format.ts";
import { Panel } from "./panel.tsx";

export function Payments({ payments }: { payments: PaymentCounts }): JSX.Element {
  const { payments: count, verifies, runs, settles, transfers, sessionsBought } = payments;
  const verdict = judge(payments);
  return (
    <Panel title="Payments" aside="counted in the logs of the ledger, its facilitator and the upstream">
      <ol class="steps">
        <Step name="Payments" count={count} note={count === 0 ? "none yet" : "different ones"} />
        <Step name="Verified" count={verifies.total} tally={verifies} />
        <Step
          name="Handler runs"
          count={runs.total}
          tally={runs}
          strict
          more={sessionsBought > 0 ? `${formatCount(sessionsBought)} bought sessions` : undefined}
        />
        <Step name="Settled" count={settles.total} tally={settles} />
        <Step name="Transfers" count={transfers.total} tally={transfers} strict />
      </ol>
      <p class={`verdict ${verdict.tone}`}>{verdict.words}</p>
    </Panel>
  );
}

interface StepProps {
  name: string;
  count: number;
  note?: string;
  tally?: Tally;
  /** More than one for a payment is wrong, not only noteworthy. */
  strict?: boolean;
  more?: string | undefined;
}

function Step({ name, count, note, tally, strict = false, more }: StepProps): JSX.Element {
  const most = tally?.most ?? 0;
  const tone = most > 1 ? (strict ? "bad" : "odd") : tally !== undefined && most === 1 ? "good" : "plain";
  const each = most > 1 ? `up to ${most} for one payment` : most === 1 ? "one per payment" : "none yet";
  return (
    <li class={`step ${tone}`}>
      <span class="step-name">{name}</span>
      <span class="step-count">{formatCount(count)}</span>
      <span class="step-note">{note ?? each}</span>
      {more !== undefined && <span class="step-more">{more}</span>}
    </li>
  );
}

function judge({ payments, runs, transfers, verifies, settles }: PaymentCounts): { tone: string; words: string } {
  if (payments === 0) return { tone: "plain", words: "Nothing has been paid yet. Press “Pay once” in the console." };
  if (transfers.most > 1)
    return { tone: "bad", words: "A payment was transferred more than once: a buyer was charged twice." };
  if (runs.most > 1)
    return { tone: "bad", words: "Handler runs exceed payments: the same money was served more than once." };
  if (verifies.most > 1 || settles.most > 1)
    return {
      tone: "odd",
      words: "A payment was asked about again, as after a lost instance; it was still served and transferred once.",
    };
  return {
    tone: "good",
    words: `Each of ${plural(payments, "payment")} was verified, served and transferred at most once.`,
  };
}
