// One side of the comparison: how far it is, and what its logs say so far.
import type { JSX } from "preact";
import type { LaneRow, LaneState } from "../../state.ts";
import { formatCount, formatMs, plural } from "../format.ts";
import { Meter } from "./meter.tsx";

export function Lane({ lane }: { lane: LaneState }): JSX.Element {
  const { provider, instances, phase, requests, answered, errors, p50Ms, p99Ms, rows, finished } = lane;
  const wrong = rows.filter(({ ok }) => !ok).length;
  return (
    <div class="lane">
      <header>
        <h3>{provider}</h3>
        <span class="phase">{finished ? "done" : phase}</span>
      </header>
      <Meter part={requests === 0 ? 0 : answered / requests} tone={wrong > 0 ? "bad" : "good"} />
      <p class="progress">
        <span>
          {formatCount(answered)} of {plural(requests, "request")}
        </span>
        <span>{plural(instances, "gateway")}</span>
        <span>
          p50 {formatMs(p50Ms)}, p99 {formatMs(p99Ms)}
        </span>
        {errors.length > 0 && <span class="denied">{plural(errors.length, "error")}</span>}
      </p>
      <ul class="verdicts">
        {rows.map((row) => (
          <Verdict key={row.key} row={row} />
        ))}
      </ul>
      {finished && (
        <p class={`verdict ${wrong > 0 ? "bad" : "good"}`}>
          {wrong > 0 ? `${wrong} of ${rows.length} promises broken` : `All ${rows.length} promises kept`}
        </p>
      )}
    </div>
  );
}

function Verdict({ row: { title, value, allowed, ok, note } }: { row: LaneRow }): JSX.Element {
  return (
    <li class={ok ? "good" : "bad"} title={note}>
      <span class="row-title">{title}</span>
      <span class="row-value">{formatCount(value)}</span>
      <span class="row-word">{ok ? "✓ right" : `✗ ${formatCount(allowed)} at most`}</span>
    </li>
  );
}
