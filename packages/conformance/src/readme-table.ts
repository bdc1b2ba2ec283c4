// The README's table of properties, made from the properties themselves.
import type { Need } from "./harness.ts";

interface Row {
  readonly id: string;
  readonly title: string;
  readonly needs?: readonly Need[];
}

/** Markdown: a row for each property, in the order of the published list. */
export function propertyTable(properties: readonly Row[]): string {
  const rows = [...properties].sort(
    ({ id: one }, { id: other }) =>
      numberIn(one) - numberIn(other) || one.length - other.length || (one < other ? -1 : 1),
  );
  const lines = rows.map(({ id, title, needs = [] }) => `| ${id} | ${title} | ${needs.join(", ")} |`);
  return ["| id | property | needs |", "|---|---|---|", ...lines].join("\n");
}

/** The number in `<area>/<number><letter>`; what has none comes last. */
function numberIn(id: string): number {
  return Number(/\/(\d+)/.exec(id)?.[1] ?? Number.POSITIVE_INFINITY);
}
