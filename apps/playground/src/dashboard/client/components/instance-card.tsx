// One instance: its process, its share of the traffic, and its two buttons.
import type { JSX } from "preact";
import type { InstanceState } from "../../state.ts";
import { formatCount, plural } from "../format.ts";
import { hueClass } from "../instance-hue.ts";
import type { Actions } from "../use-actions.ts";
import { ActionButton } from "./action-button.tsx";
import { Sparkline } from "./sparkline.tsx";

const states: Record<InstanceState["state"], string> = {
  starting: "starting",
  ready: "ready",
  draining: "draining",
  down: "down",
};

export function InstanceCard({ instance, actions }: { instance: InstanceState; actions: Actions }): JSX.Element {
  const { name, state, pid, restarts, inFlight, requests, share, perSecond, storesAway } = instance;
  // A process that serves is of no use while it cannot ask its stores.
  const away = state === "ready" && storesAway;
  const rate = perSecond.slice(-11, -1).reduce((sum, count) => sum + count, 0) / 10;
  return (
    <li class={`card ${hueClass(name)} ${state}`}>
      <div class="card-head">
        <h3>{name}</h3>
        <span class={`state ${away ? "down" : state}`}>{away ? "stores away" : states[state]}</span>
      </div>
      <Sparkline
        values={perSecond}
        label={`${name}: ${plural(requests, "request")} in all, ${rate.toFixed(1)} a second`}
      />
      <dl class="figures">
        <Figure name="pid" value={pid === undefined ? "—" : String(pid)} />
        <Figure name="share" value={`${Math.round(share * 100)} %`} />
        <Figure name="req/s" value={rate.toFixed(1)} />
        <Figure name="in flight" value={String(inFlight)} />
        <Figure name="requests" value={formatCount(requests)} />
        <Figure name="restarts" value={String(restarts)} />
      </dl>
      <div class="card-actions">
        <ActionButton actions={actions} action="restart" title={`Restart ${name}`} body={{ instance: name }}>
          Restart
        </ActionButton>
        <ActionButton actions={actions} action="kill" title={`Kill ${name}`} body={{ instance: name }} tone="danger">
          Kill
        </ActionButton>
      </div>
    </li>
  );
}

function Figure({ name, value }: { name: string; value: string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
