// The state of the server, kept up to date by its events; a lost connection is told, and taken up again.
import { useEffect, useRef, useState } from "preact/hooks";
import type { DashboardState, StateMessage } from "../state.ts";
import { readEvents } from "./read-events.ts";
import { type Key, keyHeader } from "./use-key.ts";

export type Connection = "connecting" | "live" | "lost";

export interface Live {
  connection: Connection;
  /** Undefined until the first message. */
  state: DashboardState | undefined;
  /** Add it to this machine's clock to get the server's, in milliseconds. */
  clockAheadMs: number;
}

/** A connection that is lost, or was refused, is taken up again so much later, in milliseconds. */
const againMs = 1_000;

export function useLive({ key, drop }: Key): Live {
  const [live, setLive] = useState<Live>({ connection: "connecting", state: undefined, clockAheadMs: 0 });
  const startedAt = useRef<number | undefined>(undefined);
  useEffect(() => {
    const leaving = new AbortController();
    const heard = (data: string) => {
      const { at, ...changed }: StateMessage = JSON.parse(data);
      // The program was started anew, perhaps from another build.
      const known = startedAt.current;
      if (changed.about && known !== undefined && changed.about.startedAt !== known) location.reload();
      startedAt.current ??= changed.about?.startedAt;
      setLive((before) => {
        const state = merged(before.state, changed);
        return { connection: "live", state, clockAheadMs: at - Date.now() };
      });
    };
    const headers: Record<string, string> = key === undefined ? {} : { [keyHeader]: key };
    const follow = async () => {
      while (!leaving.signal.aborted) {
        const end = await readEvents(headers, leaving.signal, heard).catch(() => "lost");
        if (leaving.signal.aborted) return;
        if (end === "refused" && key !== undefined) return drop();
        setLive((before) => ({ ...before, connection: before.state === undefined ? "connecting" : "lost" }));
        await new Promise((resolve) => setTimeout(resolve, againMs));
      }
    };
    void follow();
    return () => leaving.abort();
  }, [key]);
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
