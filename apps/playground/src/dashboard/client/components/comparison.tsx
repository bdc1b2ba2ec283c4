// Memory and Redis under the same attack, side by side.
import type { JSX } from "preact";
import type { About, ComparisonState } from "../../state.ts";
import type { Actions } from "../use-actions.ts";
import { ActionButton } from "./action-button.tsx";
import { Lanes } from "./lanes.tsx";
import { Panel } from "./panel.tsx";

export interface ComparisonProps {
  comparison: ComparisonState;
  about: About;
  actions: Actions;
}

export function Comparison({ comparison, about, actions }: ComparisonProps): JSX.Element {
  const { state, message, lanes } = comparison;
  const busy = state === "starting" || state === "running" || state === "stopping";
  return (
    <Panel title="Comparison" className="comparison">
      <div class="offer">
        <div>
          <p class="lead">
            {about.shared ? "What would memory do with this?" : "See what two instances would do to this"}
          </p>
          <p>
            {about.redisFound
              ? "Two gateways on memory and two on Redis, each pair with a ledger of its own, meet the same bursts, hops, duplicates and replays, and are judged by their ledgers’ logs."
              : "Two gateways on memory, with a ledger of their own, meet bursts, hops, duplicates and replays, and are judged by the ledger’s logs."}
          </p>
          <p class="hint">
            <code>npm run drill</code> also rolls, scales and kills the gateways, and Redis.
          </p>
          {!about.redisFound && (
            <p class="hint">
              There is no redis-server on this machine, so only the memory side runs. Install one with{" "}
              <code>apt-get install redis-server</code> or <code>brew install redis</code>, and start again.
            </p>
          )}
        </div>
        {busy ? (
          <ActionButton actions={actions} action="compare" title="Stop the comparison" body={{ order: "stop" }} />
        ) : (
          <ActionButton
            actions={actions}
            action="compare"
            title="Run the comparison"
            body={{ order: "start" }}
            tone="primary"
          />
        )}
      </div>
      {state === "starting" && <p class="hint">Starting the gateways, their ledgers and a Redis of their own…</p>}
      {message !== undefined && <p class={state === "failed" ? "failed" : "hint"}>{message}</p>}
      {lanes.length > 0 && <Lanes lanes={lanes} />}
    </Panel>
  );
}
