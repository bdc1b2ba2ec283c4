// The buttons' side: asks the server to act, and keeps what it answered for the console.
import { useState } from "preact/hooks";
import type { ActionName, ActionResult, ActionSummary } from "../state.ts";
import { type Key, keyHeader } from "./use-key.ts";

/** One entry of the console. `curl` only for what was asked for on this page. */
export interface ConsoleEntry extends Omit<ActionSummary, "id"> {
  key: string;
  curl?: readonly string[] | undefined;
}

export interface Actions {
  /** Why nothing can be done here, if so. */
  denied: string | undefined;
  act(name: ActionName, title: string, body?: object): Promise<void>;
  /** Asked for and not answered yet, by title. */
  waiting: ReadonlySet<string>;
  /** The newest first: what was done here, and what others did. */
  entries(latest: readonly ActionSummary[]): ConsoleEntry[];
  /** To be read out: how the last action asked for here went. */
  announcement: string;
}

const mostEntries = 6;

const needsKey = "The buttons need this start's key: open the dashboard by the link that the terminal printed.";

export function useActions({ key }: Key): Actions {
  const [own, setOwn] = useState<readonly ConsoleEntry[]>([]);
  const [waiting, setWaiting] = useState<ReadonlySet<string>>(new Set());
  const [announcement, announce] = useState("");

  const act = async (name: ActionName, title: string, body: object = {}) => {
    if (key === undefined || waiting.has(title)) return;
    setWaiting((before) => new Set(before).add(title));
    const entry = await send(key, name, title, body);
    setWaiting((before) => new Set([...before].filter((one) => one !== title)));
    setOwn((before) => [entry, ...before].slice(0, mostEntries));
    announce(`${entry.title}: ${entry.outcome}`);
  };
  const entries = (latest: readonly ActionSummary[]): ConsoleEntry[] => {
    const known = new Set(own.map(({ key }) => key));
    const others = latest.map(({ id, ...rest }) => ({ ...rest, key: String(id) })).filter(({ key }) => !known.has(key));
    return [...own, ...others].sort((a, b) => b.at - a.at).slice(0, mostEntries);
  };
  return { denied: key === undefined ? needsKey : undefined, act, waiting, entries, announcement };
}

async function send(operatorKey: string, name: ActionName, title: string, body: object): Promise<ConsoleEntry> {
  const failed = (outcome: string): ConsoleEntry => ({
    key: `failed at ${performance.now()}`,
    at: Date.now(),
    name,
    title,
    outcome,
    ok: false,
    answers: [],
  });
  try {
    const response = await fetch(`/dashboard/actions/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json", [keyHeader]: operatorKey },
      body: JSON.stringify(body),
    });
    if (!response.ok) {
      const refused: { message: string } = await response.json();
      return failed(refused.message);
    }
    const { id, ...result }: ActionResult = await response.json();
    return { ...result, key: String(id) };
  } catch {
    return failed("The gateway did not answer. Is it still running?");
  }
}
