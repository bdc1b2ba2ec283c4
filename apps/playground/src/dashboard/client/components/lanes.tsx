// The comparison's table: a line for each promise, a column for each store, filled while the attack goes on.
import type { JSX } from "preact";
import type { LaneRow, LaneState } from "../../state.ts";
import { formatCount, formatMs, plural } from "../format.ts";
import { Meter } from "./meter.tsx";

export function Lanes({ lanes }: { lanes: readonly LaneState[] }): JSX.Element {
  const rows = lanes[0]?.rows ?? [];
  return (
    <table class="lanes">
      <caption class="visually-hidden">What the logs say of each promise, by store</caption>
      <thead>
        <tr>
          <td />
          {lanes.map((lane) => (
            <LaneHead key={lane.provider} lane={lane} />
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, title }) => (
          <tr key={key}>
            <th scope="row">{title}</th>
            {lanes.map((lane) => (
              <Cell key={lane.provider} row={lane.rows.find((row) => row.key === key)} finished={lane.finished} />
            ))}
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">in all</th>
          {lanes.map((lane) => (
            <Total key={lane.provider} lane={lane} />
          ))}
        </tr>
      </tfoot>
    </table>
  );
}

const broken = (lane: LaneState) => lane.rows.filter(({ ok }) => !ok).length;

function LaneHead({ lane }: { lane: LaneState }): JSX.Element {
  const { provider, instances, phase, requests, answered, errors, stores } = lane;
  return (
    <th scope="col">
      <span class="lane-name">{provider}</span>
      <span class="phase">{phase}</span>
      <Meter part={requests === 0 ? 0 : answered / requests} tone={broken(lane) > 0 ? "bad" : "good"} />
      <span class="progress">
        <span>
          {formatCount(answered)} of {plural(requests, "request")}
        </span>
        <span>{plural(instances, "gateway")}</span>
        {stores.p50Ms !== undefined && stores.p99Ms !== undefined && (
          <span>
            a store call: p50 {formatMs(stores.p50Ms)}, p99 {formatMs(stores.p99Ms)}
          </span>
        )}
        {errors.length > 0 && <span class="denied">{plural(errors.length, "unexpected answer")}</span>}
      </span>
    </th>
  );
}

function Cell({ row, finished }: { row: LaneRow | undefined; finished: boolean }): JSX.Element {
  if (row === undefined) return <td>—</td>;
  const { value, allowed, ok, note } = row;
  return (
    <td class={ok ? "good" : "bad"} title={note}>
      <span class="row-value">{formatCount(value)}</span>{" "}
      <span class="row-word">
        {ok ? (finished ? "✓ holds" : "holds so far") : `✗ ${formatCount(allowed)} is right`}
      </span>
    </td>
  );
}

function Total({ lane }: { lane: LaneState }): JSX.Element {
  const count = broken(lane);
  const of = lane.rows.length;
  if (count > 0) return <td class="bad">{`✗ ${count} of ${of} promises broken`}</td>;
  return lane.finished ? <td class="good">{`✓ all ${of} promises kept`}</td> : <td>none broken so far</td>;
}
