// One action that is over: what happened, the answers by kind, and the commands.
import type { JSX } from "preact";
import type { AnswerSummary } from "../../state.ts";
import { formatMs, formatTime } from "../format.ts";
import type { ConsoleEntry } from "../use-actions.ts";
import { Curl } from "./curl.tsx";
import { InstanceBadge } from "./instance-badge.tsx";
import { Status } from "./status.tsx";

export function ConsoleArticle({ entry }: { entry: ConsoleEntry }): JSX.Element {
  const { title, outcome, ok, at, answers, curl } = entry;
  return (
    <article class={`entry ${ok ? "good" : "bad"}`}>
      <header>
        <h3>{title}</h3>
        <time dateTime={new Date(at).toISOString()}>{formatTime(at)}</time>
      </header>
      <p class="outcome">{outcome}</p>
      {answers.length > 0 && (
        <ul class="answers">
          {grouped(answers).map((group) => (
            <AnswerGroup key={`${group.first.request} ${group.from}`} group={group} />
          ))}
        </ul>
      )}
      {curl?.map((command) => (
        <Curl key={command} command={command} />
      ))}
    </article>
  );
}

interface Group {
  from: number;
  first: AnswerSummary;
  all: AnswerSummary[];
}

/** Neighbours that were asked and answered the same. */
function grouped(answers: readonly AnswerSummary[]): Group[] {
  const groups: Group[] = [];
  answers.forEach((answer, from) => {
    const last = groups.at(-1);
    const same =
      last?.first.request === answer.request && last.first.status === answer.status && last.first.note === answer.note;
    if (last !== undefined && same) last.all.push(answer);
    else groups.push({ from, first: answer, all: [answer] });
  });
  return groups;
}

function AnswerGroup({ group: { first, all } }: { group: Group }): JSX.Element {
  const slowest = Math.max(...all.map(({ ms }) => ms));
  return (
    <li>
      <span class="request">{first.request}</span>
      <Status status={first.status} />
      {all.length > 1 && <span class="times">× {all.length}</span>}
      <span class="on">
        {all.map(({ instance }, index) => (
          <InstanceBadge key={String(index)} name={instance} />
        ))}
      </span>
      <span class="note">{first.note}</span>
      <span class="ms">{formatMs(slowest)}</span>
    </li>
  );
}
