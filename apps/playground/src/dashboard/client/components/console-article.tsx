// One action that is over: what happened, the answers by kind, and the commands.
import type { JSX } from "preact";
import type { AnswerSummary } from "../../state.ts";
import { formatMs, formatTime } from "../format.ts";
import type { ConsoleEntry } from "../use-actions.ts";
import { Curl } from "./curl.tsx";
import { InstanceBadge } from "./instance-badge.tsx";
import { Status } from "./status.tsx";

/** The newest one shows its commands; the others show them when asked. */
export function ConsoleArticle({ entry, newest }: { entry: ConsoleEntry; newest: boolean }): JSX.Element {
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
          {grouped(answers).map((alike, index) => (
            <AnswerGroup key={String(index)} alike={alike} />
          ))}
        </ul>
      )}
      {curl !== undefined && (
        <details class="commands" open={newest}>
          <summary>The same by hand</summary>
          {curl.map((command) => (
            <Curl key={command} command={command} />
          ))}
        </details>
      )}
    </article>
  );
}

/** What was asked and answered the same, in the order of the first of each. */
function grouped(answers: readonly AnswerSummary[]): AnswerSummary[][] {
  const groups = new Map<string, AnswerSummary[]>();
  for (const answer of answers) {
    const key = `${answer.request} ${answer.status} ${answer.note}`;
    groups.set(key, [...(groups.get(key) ?? []), answer]);
  }
  return [...groups.values()];
}

function AnswerGroup({ alike }: { alike: readonly AnswerSummary[] }): JSX.Element {
  const [first] = alike;
  const slowest = Math.max(...alike.map(({ ms }) => ms));
  return (
    <li>
      <span class="request">{first?.request}</span>
      <Status status={first?.status ?? 0} />
      <span class="times">{alike.length > 1 && `× ${alike.length}`}</span>
      <span class="on">
        {byInstance(alike).map(([name, count], _, { length }) => (
          <InstanceBadge key={name} name={name} times={length > 1 ? count : 1} />
        ))}
        <span class="note">{first?.note}</span>
      </span>
      <span class="ms">{formatMs(slowest)}</span>
    </li>
  );
}

/** How many of them each instance answered, in the order of its first. */
function byInstance(answers: readonly AnswerSummary[]): [name: string | undefined, count: number][] {
  const counts = new Map<string | undefined, number>();
  for (const { instance } of answers) counts.set(instance, (counts.get(instance) ?? 0) + 1);
  return [...counts];
}
