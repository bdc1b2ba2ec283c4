// An HTTP status, coloured by what it means here: served, to be paid, refused, failed.
import type { JSX } from "preact";

export function Status({ status }: { status: number }): JSX.Element {
  return <span class={`http ${toneOf(status)}`}>{status === 0 ? "—" : status}</span>;
}

function toneOf(status: number): string {
  if (status >= 200 && status < 300) return "good";
  if (status === 402) return "price";
  if (status >= 400 && status < 500) return "refused";
  return "bad";
}
