// Markdown tables, and how figures are written.
import type { Spread } from "../measuring/statistics.ts";

/** A table with a head; columns from the second on are numbers and stand to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, at) => (at === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

/** Three digits: 123,000 · 12.3 · 0.123. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "-";
  if (Math.abs(value) >= 100) return Number(value.toPrecision(3)).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

export function withSpread({ median, low, high }: Spread, unit = ""): string {
  if (low === high) return `${figure(median)}${unit}`;
  return `${figure(median)}${unit} (${figure(low)} to ${figure(high)})`;
}
