// What a chaos run shows: the rows that must be 0, and the fates behind those that are not.
import type { ChaosReport, Fate } from "./run-chaos.ts";

export interface Row {
  title: string;
  wrong: readonly Fate[];
}

export function verdictOf({ fates }: Pick<ChaosReport, "fates">): Row[] {
  const moved = ({ transfers }: Fate) => transfers > 0;
  const row = (title: string, isWrong: (fate: Fate) => boolean): Row => ({ title, wrong: fates.filter(isWrong) });
  return [
    row("second transfers", ({ transfers }) => transfers > 1),
    row("second fresh", ({ fresh }) => fresh > 1),
    row("moved, but not delivered", (fate) => moved(fate) && !fate.content),
    row("delivered, but not moved", (fate) => fate.content && !moved(fate)),
    row("moved, but told 402", (fate) => moved(fate) && fate.ended === "rejected"),
    row("without an end", ({ ended }) => ended === "gave up"),
  ];
}

/** One line a wrong fate, to be looked into. */
export function describeFate({ payment, transfers, fresh, ended }: Fate): string {
  const strikes = payment.strikes.map(({ fault, at }) => `${fault} at ${at}`).join(", ");
  return `payment ${payment.id} (${payment.order}; ${strikes || "no strike of its own"}): ${transfers} transfers, ${fresh} fresh, ended ${ended}`;
}
