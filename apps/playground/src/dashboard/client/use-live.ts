// The state of the server, kept up to date by its events; a lost connection is told, and taken up again.
import { useEffect, useState } from "preact/hooks";
import type { DashboardState, StateMessage } from "../state.ts";

export type Connection = "connecting" | "live" | "lost";

export interface Live {
  connection: Connection;
  /** Undefined until the first message. */
  state: DashboardState | undefined;
  /** Add it to this machine's clock to get the server's, in milliseconds. */
  clockAheadMs: number;
}

/** The browser takes up broken connections by itself, but not those that were refused. */
const againMs = 2_000;

export function useLive(): Live {
  const [live, setLive] = useState<Live>({ connection: "connecting", state: undefined, clockAheadMs: 0 });
  useEffect(() => {
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let startedAt: number | undefined;
    const lost = () => {
      setLive((before) => ({ ...before, connection: before.state === undefined ? "connecting" : "lost" }));
      if (source?.readyState !== EventSource.CLOSED) return;
      clearTimeout(timer);
      timer = setTimeout(connect, againMs);
    };
    const heard = (event: MessageEvent<string>) => {
      const { at, ...changed }: StateMessage = JSON.parse(event.data);
      // The program was started anew: this page's token is void.
      if (changed.about && startedAt !== undefined && changed.about.startedAt !== startedAt) location.reload();
      startedAt ??= changed.about?.startedAt;
      setLive((before) => {
        const state = merged(before.state, changed);
        return { connection: "live", state, clockAheadMs: at - Date.now() };
      });
    };
    const connect = () => {
      source = new EventSource("/dashboard/events");
      source.addEventListener("state", heard);
      source.addEventListener("error", lost);
    };
    connect();
    return () => {
      clearTimeout(timer);
      source?.close();
    };
  }, []);
  return live;
}

function merged(before: DashboardState | undefined, changed: Partial<DashboardState>): DashboardState | undefined {
  const { about, instances, payments, allowances, sessions, more, stores, recent, actions, comparison } = {
    ...before,
    ...changed,
  };
  if (!about || !instances || !payments || !allowances || !sessions || !more) return before;
  if (!stores || !recent || !actions || !comparison) return before;
  return { about, instances, payments, allowances, sessions, more, stores, recent, actions, comparison };
}
