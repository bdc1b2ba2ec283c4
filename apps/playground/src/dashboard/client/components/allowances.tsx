// What each client may still do.
import type { JSX } from "preact";
import type { Allowance } from "../../state.ts";
import { formatCount, formatLeft } from "../format.ts";
import { Empty } from "./empty.tsx";
import { Meter } from "./meter.tsx";
import { More } from "./more.tsx";
import { Panel } from "./panel.tsx";

export interface AllowancesProps {
  allowances: readonly Allowance[];
  more: number;
  now: number;
}

export function Allowances({ allowances, more, now }: AllowancesProps): JSX.Element {
  return (
    <Panel title="Allowances">
      {allowances.length === 0 ? (
        <Empty>No requests yet. “Burst until 429” shows a limit being met.</Empty>
      ) : (
        <>
          <ul class="rows">
            {allowances.map((one, index) => (
              // Shortened, two clients may look the same.
              <AllowanceRow key={`${index} ${one.client} ${one.scope} ${one.instance}`} allowance={one} now={now} />
            ))}
          </ul>
          <More count={more} />
        </>
      )}
    </Panel>
  );
}

function AllowanceRow({ allowance, now }: { allowance: Allowance; now: number }): JSX.Element {
  const { client, instance, limit, resetsAtMs, allowed, denied } = allowance;
  const scope = instance === undefined ? allowance.scope : `${allowance.scope}, ${instance}`;
  const over = resetsAtMs <= now;
  const remaining = over ? limit : allowance.remaining;
  return (
    <li class="row">
      <div class="row-head">
        <span class="who" title={client}>
          {client}
        </span>
        <span class="scope" title={scope}>
          {scope}
        </span>
        <span class="amount">
          {formatCount(remaining)} of {formatCount(limit)} left
        </span>
      </div>
      <Meter part={remaining / limit} tone={remaining === 0 ? "bad" : "plain"} />
      <div class="row-foot">
        <span>{formatCount(allowed)} allowed</span>
        <span class={denied > 0 ? "denied" : undefined}>{formatCount(denied)} refused</span>
        <span>{over ? "unused" : `full again in ${formatLeft(resetsAtMs - now)}`}</span>
      </div>
    </li>
  );
}
