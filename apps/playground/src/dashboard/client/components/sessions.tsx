// Paid sessions: how long each still lasts, and how many calls are left where calls were sold.
import type { JSX } from "preact";
import type { SessionState } from "../../state.ts";
import { formatLeft, plural } from "../format.ts";
import { Empty } from "./empty.tsx";
import { Meter } from "./meter.tsx";
import { More } from "./more.tsx";
import { Panel } from "./panel.tsx";

export interface SessionsProps {
  sessions: readonly SessionState[];
  more: number;
  now: number;
}

export function Sessions({ sessions, more, now }: SessionsProps): JSX.Element {
  return (
    <Panel title="Sessions">
      {sessions.length === 0 ? (
        <Empty>No session has been bought. “Hop across instances” buys one and uses it everywhere.</Empty>
      ) : (
        <>
          <ul class="rows">
            {sessions.map((one) => (
              <SessionRow key={`${one.id} ${one.instance}`} session={one} now={now} />
            ))}
          </ul>
          <More count={more} />
        </>
      )}
    </Panel>
  );
}

function SessionRow({ session, now }: { session: SessionState; now: number }): JSX.Element {
  const { route, instance, expiresAtMs, spanMs, callsLeft, callsMost } = session;
  const payer = instance === undefined ? session.payer : `${session.payer}, ${instance}`;
  const left = Math.max(0, expiresAtMs - now);
  const byCalls = callsLeft !== undefined && callsMost !== undefined;
  const over = left === 0 || callsLeft === 0;
  return (
    <li class="row">
      <div class="row-head">
        <span class="who" title={route}>
          {route}
        </span>
        <span class="scope" title={payer}>
          {payer}
        </span>
        <span class="amount">{left === 0 ? "over" : callsLeft === 0 ? "used up" : formatLeft(left)}</span>
      </div>
      <Meter part={byCalls ? callsLeft / callsMost : left / spanMs} tone={over ? "bad" : "good"} />
      {byCalls && (
        <div class="row-foot">
          <span>{callsLeft === 0 ? "no calls left" : `${plural(callsLeft, "call")} left`}</span>
        </div>
      )}
    </li>
  );
}
