// The whole page.
import type { JSX } from "preact";
import { useActions } from "../use-actions.ts";
import { useKey } from "../use-key.ts";
import { useLive } from "../use-live.ts";
import { useNow } from "../use-now.ts";
import { Allowances } from "./allowances.tsx";
import { Comparison } from "./comparison.tsx";
import { Console } from "./console.tsx";
import { Instances } from "./instances.tsx";
import { Payments } from "./payments.tsx";
import { Recent } from "./recent.tsx";
import { Sessions } from "./sessions.tsx";
import { Stores } from "./stores.tsx";
import { TopBar } from "./top-bar.tsx";

export function App(): JSX.Element {
  const key = useKey();
  const actions = useActions(key);
  const { state, connection, clockAheadMs } = useLive(key);
  const now = useNow(clockAheadMs);
  const instances = state?.instances.length ?? 0;
  const away = state?.instances.flatMap(({ name, storesAway }) => (storesAway ? [name] : [])) ?? [];
  const comparison = state && <Comparison comparison={state.comparison} about={state.about} actions={actions} />;
  // Where nothing is shared, what sharing is for comes first.
  const first = state !== undefined && !state.about.shared;
  return (
    <>
      <TopBar about={state?.about} instances={instances} storesAway={away.length > 0} connection={connection} />
      <main class={connection === "lost" ? "stale" : undefined}>
        {state !== undefined && (
          <>
            <Payments payments={state.payments} />
            {first && comparison}
            <div class="columns">
              <Console state={state.actions} actions={actions} />
              <div class="beside">
                <Instances instances={state.instances} actions={actions} />
                <div class="pairs">
                  <div class="stack">
                    <Allowances allowances={state.allowances} more={state.more.allowances} now={now} />
                    <Stores stores={state.stores} away={away} />
                  </div>
                  <div class="stack">
                    <Sessions sessions={state.sessions} more={state.more.sessions} now={now} />
                    <Recent recent={state.recent} />
                  </div>
                </div>
              </div>
            </div>
            {!first && comparison}
          </>
        )}
      </main>
    </>
  );
}
