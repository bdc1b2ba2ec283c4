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
  connection: Connection;
}

export function TopBar({ about, instances, connection }: TopBarProps): JSX.Element {
  return (
    <header class="top-bar">
      <h1 class="wordmark">
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path class="post" d="M5 20V6.5a2 2 0 0 1 4 0V20" />
          <path class="barrier" d="M9 8.6 21 5.4v3.2L9 11.8z" />
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
      </ul>
      <p class={`connection ${connection}`} role="status">
        {words[connection]}
      </p>
    </header>
  );
}
