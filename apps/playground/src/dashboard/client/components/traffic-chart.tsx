// Requests of the last minute, second by second, stacked by the instance that answered.
import type { JSX } from "preact";
import type { InstanceState } from "../../state.ts";
import { plural } from "../format.ts";
import { hueClass } from "../instance-hue.ts";

const height = 64;
const slot = 10;

export function TrafficChart({ instances }: { instances: readonly InstanceState[] }): JSX.Element {
  const seconds = instances[0]?.perSecond.length ?? 0;
  const totals = Array.from({ length: seconds }, (_, second) => sum(instances, second));
  const peak = Math.max(0, ...totals);
  const most = Math.max(8, peak);
  const label = `Requests by instance over the last minute: ${instances
    .map(({ name, perSecond }) => `${name} ${perSecond.reduce((a, b) => a + b, 0)}`)
    .join(", ")}`;
  return (
    <figure class="traffic">
      <svg viewBox={`0 0 ${seconds * slot} ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
        {totals.map((_, second) => (
          <g key={String(second)}>{bars(instances, second, most)}</g>
        ))}
      </svg>
      <figcaption>
        <span>60 s ago</span>
        <span>{peak === 0 ? "no requests" : `at most ${plural(peak, "request")} a second`}</span>
        <span>now</span>
      </figcaption>
    </figure>
  );
}

function sum(instances: readonly InstanceState[], second: number): number {
  return instances.reduce((all, { perSecond }) => all + (perSecond[second] ?? 0), 0);
}

function bars(instances: readonly InstanceState[], second: number, most: number): JSX.Element[] {
  let below = 0;
  return instances.map(({ name, perSecond }) => {
    const tall = ((perSecond[second] ?? 0) / most) * height;
    below += tall;
    return (
      <rect key={name} class={hueClass(name)} x={second * slot} y={height - below} width={slot - 2} height={tall} />
    );
  });
}
