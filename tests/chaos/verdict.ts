// What a chaos run shows: the rows that must be 0, and the fates behind those that are not.
import { type Point, points } from "./points.ts";
import type { ChaosReport, Fate } from "./run-chaos.ts";

export interface Row {
  title: string;
  wrong: readonly Fate[];
}

const moved = ({ transfers }: Fate) => transfers > 0;
const someContent = ({ endings }: Fate) => endings.some(({ content }) => content);

/** Every payer gets what was kept; where nothing could be kept one payer gets the content, and the other a receipt. */
function isServed(fate: Fate): boolean {
  if (fate.payment.keep === "kept") return fate.endings.every(({ content }) => content);
  return someContent(fate) && fate.endings.every(({ content, status }) => content || status === "empty");
}

/**
 * The one loss that nothing can mend: delivered on record, to a process that died with it or a payer who had gone, and
 * nothing could be kept. Then the payers get a receipt and nothing else.
 */
export function isLostUnkept(fate: Fate): boolean {
  return hasReceiptsAlone(fate) && fate.atRest?.status === "empty" && fate.delivered && fate.unheard;
}

/**
 * Nothing could be kept, and a payer who asked while a delivery was being taken back was told that it was delivered. It is
 * owed after that, and delivered to the payer who asks again.
 */
export function isToldTooEarly(fate: Fate): boolean {
  return hasReceiptsAlone(fate) && fate.atRest?.content === true;
}

function hasReceiptsAlone(fate: Fate): boolean {
  return fate.payment.keep !== "kept" && moved(fate) && fate.endings.every(({ status }) => status === "empty");
}

export function verdictOf({ fates }: Pick<ChaosReport, "fates">): Row[] {
  const row = (title: string, isWrong: (fate: Fate) => boolean): Row => ({ title, wrong: fates.filter(isWrong) });
  const has = (fate: Fate, wanted: string) => fate.endings.some(({ status }) => status === wanted);
  return [
    row("second transfers", ({ transfers }) => transfers > 1),
    row("second fresh", ({ fresh }) => fresh > 1),
    row("moved, but not delivered", (fate) => {
      return moved(fate) && !isServed(fate) && !isLostUnkept(fate) && !isToldTooEarly(fate);
    }),
    row("delivered, but not moved", (fate) => !moved(fate) && (someContent(fate) || has(fate, "empty"))),
    row("moved, but told 402", (fate) => moved(fate) && has(fate, "rejected")),
    row("without an end", (fate) => has(fate, "gave up")),
  ];
}

/** The points at which nothing was struck. */
export function neverStruck(reports: readonly Pick<ChaosReport, "struck">[]): Point[] {
  const reached = new Set(reports.flatMap(({ struck }) => struck.map(({ at }) => at)));
  return points.filter((point) => !reached.has(point));
}

/** One line a wrong fate, to be looked into. */
export function describeFate({ payment, transfers, fresh, endings, atRest, delivered, unheard }: Fate): string {
  const { id, order, keep, ledger, payers } = payment;
  const strikes = payment.strikes.map(({ fault, at }) => `${fault} at ${at}`).join(", ");
  const what = `${order}; ${keep}; ${ledger}; ${payers === 2 ? "two payers" : "one payer"}`;
  const record = `${delivered ? "" : "not "}on record as delivered${unheard ? ", once unheard" : ""}`;
  const ended = endings.map(({ status, content }) => (content ? `${status} with the content` : status)).join(" and ");
  return `payment ${id} (${what}; ${strikes || "no strike of its own"}): ${transfers} transfers, ${fresh} fresh, ${record}, ended ${ended}${atRest ? `, at rest ${atRest.status}` : ""}`;
}
