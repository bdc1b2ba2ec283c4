// The buttons, and below them what they did: the answers, and the same as curl commands.
import type { JSX } from "preact";
import type { DashboardState } from "../../state.ts";
import type { Actions } from "../use-actions.ts";
import { ActionButton } from "./action-button.tsx";
import { ConsoleArticle } from "./console-article.tsx";
import { Empty } from "./empty.tsx";
import { Panel } from "./panel.tsx";

export interface ConsoleProps {
  state: DashboardState["actions"];
  actions: Actions;
}

export function Console({ state, actions }: ConsoleProps): JSX.Element {
  const entries = actions.entries(state.latest);
  const nothingPaid = state.canReplay ? undefined : "Pay once first; then there is something to replay.";
  return (
    <Panel title="Console" className="console">
      <div class="action-bar">
        <ActionButton actions={actions} action="pay" title="Pay once" tone="primary" />
        <ActionButton actions={actions} action="burst" title="Burst until 429" />
        <ActionButton actions={actions} action="replay" title="Replay last payment" notNow={nothingPaid} />
        <ActionButton actions={actions} action="hop" title="Hop across instances" />
      </div>
      {actions.denied !== undefined && <p class="denied-note">{actions.denied}</p>}
      <p class="visually-hidden" aria-live="polite">
        {actions.announcement}
      </p>
      {entries.length === 0 ? (
        <Empty>
          “Pay once” buys a quote with real x402 signatures and simulated money. Each action shows its answers here, and
          the same as <code>curl</code>.
        </Empty>
      ) : (
        <div class="entries">
          {entries.map((entry, index) => (
            <ConsoleArticle key={entry.key} entry={entry} newest={index === 0} />
          ))}
        </div>
      )}
    </Panel>
  );
}
