// What became of the payments, step by step, written as the equation that it should be.
import type { JSX } from "preact";
import type { PaymentCounts, Tally } from "../../state.ts";
import { formatCount, plural } from "../format.ts";
import { Panel } from "./panel.tsx";

interface Step {
  name: string;
  /** What is compared with the step before. */
  count: number;
  tally?: Tally;
  /** More than one for a payment has an innocent explanation. */
  repeatable?: boolean;
  /** Shown instead of the count, where some payments bought sessions instead of a run. */
  parts?: { runs: number; sessions: number };
}

export function Payments({ payments }: { payments: PaymentCounts }): JSX.Element {
  const { payments: count, verifies, runs, settles, transfers, sessionsBought } = payments;
  const verdict = judge(payments);
  const steps: Step[] = [
    { name: "Payments", count },
    { name: "Verified", count: verifies.total, tally: verifies, repeatable: true },
    {
      name: "Handler runs",
      count: runs.total + sessionsBought,
      tally: runs,
      ...(sessionsBought > 0 && { parts: { runs: runs.total, sessions: sessionsBought } }),
    },
    { name: "Settled", count: settles.total, tally: settles, repeatable: true },
    { name: "Transfers", count: transfers.total, tally: transfers },
  ];
  return (
    <Panel title="Payments" aside="counted in the logs of the ledger, its facilitator and the upstream">
      <ol class="steps">
        {steps.map((step, index) => (
          <StepItem key={step.name} step={step} before={steps[index - 1]?.count} />
        ))}
      </ol>
      <p class={`verdict ${verdict.tone}`}>{verdict.words}</p>
    </Panel>
  );
}

function StepItem({ step, before }: { step: Step; before: number | undefined }): JSX.Element {
  const { name, count, tally, parts, repeatable = false } = step;
  const most = tally?.most ?? 0;
  const wrong = repeatable ? "odd" : "bad";
  return (
    <li class={`step ${most > 1 ? wrong : most === 1 ? "good" : "plain"}`}>
      {before !== undefined && before + count > 0 && <Relation before={before} count={count} wrong={wrong} />}
      <span class="step-name">{name}</span>
      <span class="step-count">
        {formatCount(parts?.runs ?? count)}
        {parts !== undefined && <small> + {formatCount(parts.sessions)}</small>}
      </span>
      <span class="step-note">
        {noteOf(tally)}
        {parts !== undefined && <span class="step-more">, {plural(parts.sessions, "session")}</span>}
      </span>
    </li>
  );
}

/** How a step compares with the one before; fewer is what is under way, or was refused. */
function Relation({ before, count, wrong }: { before: number; count: number; wrong: string }): JSX.Element {
  const [sign, word, tone] =
    count === before ? ["=", "equal", "good"] : count < before ? [">", "fewer", "plain"] : ["<", "more", wrong];
  return (
    <span class={`relation ${tone}`} role="img" aria-label={word}>
      {sign}
    </span>
  );
}

function noteOf(tally: Tally | undefined): string {
  if (tally === undefined) return "as the facilitator saw them";
  if (tally.most === 0) return "none yet";
  return tally.most === 1 ? "one per payment" : `up to ${tally.most} for one payment`;
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
      words:
        "A payment was asked about again: an instance was lost, or instances do not share what they know. It was served and transferred once.",
    };
  const whose = payments === 1 ? "The one payment was" : `Each of ${plural(payments, "payment")} was`;
  return { tone: "good", words: `${whose} verified, served and transferred once at most.` };
}
