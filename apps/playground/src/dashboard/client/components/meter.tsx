// A bar for a part of a whole. The words beside it say the same, so it is not read out.
import type { JSX } from "preact";

export function Meter({ part, tone = "plain" }: { part: number; tone?: "plain" | "bad" | "good" }): JSX.Element {
  const width = Math.min(1, Math.max(0, part)) * 100;
  return (
    <svg class={`meter ${tone}`} viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width="100" height="4" />
      <rect class="fill" width={width} height="4" />
    </svg>
  );
}
