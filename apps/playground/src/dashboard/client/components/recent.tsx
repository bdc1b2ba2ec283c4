// The latest requests of all clients.
import type { JSX } from "preact";
import type { RecentRequest } from "../../state.ts";
import { formatMs, formatTime } from "../format.ts";
import { Empty } from "./empty.tsx";
import { InstanceBadge } from "./instance-badge.tsx";
import { Panel } from "./panel.tsx";
import { Status } from "./status.tsx";

const shown = 12;

export function Recent({ recent }: { recent: readonly RecentRequest[] }): JSX.Element {
  return (
    <Panel title="Requests" aside="the latest, newest first">
      {recent.length === 0 ? (
        <Empty>None yet.</Empty>
      ) : (
        <ul class="recent">
          {recent.slice(0, shown).map(({ id, at, instance, method, path, status, ms }) => (
            <li key={id}>
              <time dateTime={new Date(at).toISOString()}>{formatTime(at)}</time>
              <Status status={status} />
              <span class="request" title={`${method} ${path}`}>
                {method} {path}
              </span>
              <InstanceBadge name={instance} />
              <span class="ms">{formatMs(ms)}</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
