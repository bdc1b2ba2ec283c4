// What the stores take, and what they fail with.
import type { JSX } from "preact";
import type { StoreState } from "../../state.ts";
import { formatCount, formatMs, plural } from "../format.ts";
import { Panel } from "./panel.tsx";
import { Sparkline } from "./sparkline.tsx";

export interface StoresProps {
  stores: StoreState;
  /** The instances whose stores did not answer when they asked last. */
  away: readonly string[];
}

export function Stores({ stores, away }: StoresProps): JSX.Element {
  const { operations, p50Ms, p99Ms, medians, errors } = stores;
  const codes = Object.entries(errors);
  return (
    <Panel title="Stores" aside={`${plural(operations, "operation")} in the last minute`}>
      {away.length > 0 && (
        <p class="stores-away">
          <strong>Stores away.</strong> No answer when last asked by {away.join(", ")}. Paid routes answer 503 until
          they are back.
        </p>
      )}
      <dl class="latency">
        <div>
          <dt>p50</dt>
          <dd>{p50Ms === undefined ? "—" : formatMs(p50Ms)}</dd>
        </div>
        <div>
          <dt>p99</dt>
          <dd>{p99Ms === undefined ? "—" : formatMs(p99Ms)}</dd>
        </div>
      </dl>
      <Sparkline values={medians} least={0.01} label="Median latency of store operations over the last minute" />
      {codes.length === 0 ? (
        <p class="fine">No errors since the start</p>
      ) : (
        <ul class="errors">
          {codes.map(([code, count]) => (
            <li key={code}>
              <code>{code}</code> <strong>{formatCount(count)}</strong>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
