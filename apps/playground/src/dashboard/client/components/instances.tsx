// The gateway's processes: what each one is doing, and the buttons that do something to it.
import type { JSX } from "preact";
import type { InstanceState } from "../../state.ts";
import { plural } from "../format.ts";
import type { Actions } from "../use-actions.ts";
import { Empty } from "./empty.tsx";
import { InstanceCard } from "./instance-card.tsx";
import { Panel } from "./panel.tsx";
import { TrafficChart } from "./traffic-chart.tsx";

export interface InstancesProps {
  instances: readonly InstanceState[];
  actions: Actions;
}

export function Instances({ instances, actions }: InstancesProps): JSX.Element {
  const lastMinute = instances.reduce((sum, { perSecond }) => sum + perSecond.reduce((a, b) => a + b, 0), 0);
  return (
    <Panel title="Instances" aside={`${plural(lastMinute, "request")} in the last minute`}>
      {instances.length === 0 ? (
        <Empty>The first instance is starting.</Empty>
      ) : (
        <>
          <TrafficChart instances={instances} />
          <ul class="cards">
            {instances.map((instance) => (
              <InstanceCard key={instance.name} instance={instance} actions={actions} />
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}
