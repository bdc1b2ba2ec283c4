// The page's head: the name, what is running, and whether the page still hears of it.
import type { JSX } from "preact";
import type { About } from "../../state.ts";
import { plural } from "../format.ts";
import type { Connection } from "../use-live.ts";

const words: Record<Connection, string> = {
  connecting: "Connecting…",
  live: "Live",
  lost: "Connection lost, trying again…",
};

export interface TopBarProps {
  about: About | undefined;
  instances: number;
  storesAway: boolean;
  connection: Connection;
}

export function TopBar({ about, instances, storesAway, connection }: TopBarProps): JSX.Element {
  return (
    <header class="top-bar">
      <h1 class="wordmark">
        <svg viewBox="0 0 32 24" aria-hidden="true">
          <path class="post" d="M2 21V7.5a2.5 2.5 0 0 1 5 0V21z" />
          <path class="barrier" d="M7 10.4 31 4v3.6L7 14z" />
          <path class="stripes" d="m12 9.07 3-.8v3.6l-3 .8zm8-2.14 3-.8v3.6l-3 .8z" />
        </svg>
        tollbooth<span>-stores</span>
      </h1>
      <ul class="facts" aria-label="What is running">
        {about?.provider !== undefined && (
          <li>
            State in <strong>{about.provider}</strong>, {about.shared ? "shared by all instances" : "not shared"}
          </li>
        )}
        {instances > 0 && <li>{plural(instances, "instance")}</li>}
        <li>Simulated money</li>
        {storesAway && <li class="away">Stores away</li>}
      </ul>
      <p class={`connection ${connection}`} role="status">
        {words[connection]}
      </p>
    </header>
  );
}
