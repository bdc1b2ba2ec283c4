// One operation's calls for sessions. Those of one tick travel in one script call, where equal ones are one.
import type { PortCallOptions } from "@tollbooth-stores/core";
import { isInstant, unreadable } from "../scripts/reading.ts";
import type { Script } from "../scripts/script.ts";
import { crossesSlots, type Prepared, type ScriptRunner } from "../scripts/script-runner.ts";
import { routing, tickBatches } from "../scripts/tick-batches.ts";

const MOST_SESSIONS = 32;
/** Equal calls cost the server nothing, and this process little. */
const MOST_CALLS = 1_024;

/** What a call for one session sends. Its first key, the session's record, says which calls are equal. */
export interface SessionCall {
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

export interface SessionScript<Reply> {
  readonly script: Script;
  /** What comes before the calls' arguments, after the instant. */
  head(): readonly string[];
  /** A call's part of the reply. What it throws is the failure of that call alone. */
  read(part: unknown, nowMs: number): Reply;
}

export interface SessionBatches<Reply> {
  /** Rejects as the runner does, and as `read` does. */
  one(call: SessionCall, options: PortCallOptions | undefined): Promise<Reply>;
  /** Calls for sessions of one slot, sent together. */
  all(calls: readonly SessionCall[], options: PortCallOptions | undefined): Promise<Reply[]>;
}

export function sessionBatches<Reply>(
  runner: ScriptRunner,
  coalesce: boolean,
  { script, head, read }: SessionScript<Reply>,
): SessionBatches<Reply> {
  const prepared = (calls: readonly SessionCall[]): Prepared => ({
    keys: calls.flatMap(({ keys }) => keys),
    args: ["", ...head(), ...calls.flatMap(({ args }) => args)],
    calls: calls.length,
  });
  const ask = tickBatches<number, SessionCall, Reply>({
    ...{ coalesce, isSame: Object.is, mostKeys: MOST_SESSIONS, mostCalls: MOST_CALLS, splits: crossesSlots },
    async send(_, everyone, live, startedAtMs) {
      let sent = everyone;
      const prepare = () => {
        sent = live();
        const distinct: SessionCall[] = [];
        let calls = 0;
        for (const callers of sent.values()) {
          const [first] = callers;
          if (first !== undefined) distinct.push(first.call);
          calls += callers.length;
        }
        return calls === 0 ? undefined : { ...prepared(distinct), calls };
      };
      const reply = await runner.send(script, routing(everyone), prepare, { startedAtMs });
      if (sent.size === 0) return;
      const { parts, nowMs } = partsOf(reply, sent.size);
      let index = 0;
      for (const callers of sent.values()) {
        const part = parts[index++];
        for (const { resolve, reject } of callers) {
          try {
            resolve(read(part, nowMs));
          } catch (error) {
            reject(error);
          }
        }
      }
    },
  });
  const all: SessionBatches<Reply>["all"] = async (calls, options) => {
    const { signal } = options ?? {};
    const keys = calls.flatMap((call) => call.keys);
    const reply = await runner.send(script, keys, () => (signal?.aborted ? undefined : prepared(calls)), options);
    signal?.throwIfAborted();
    const { parts, nowMs } = partsOf(reply, calls.length);
    return parts.map((part) => read(part, nowMs));
  };
  return {
    all,
    async one(call, options) {
      const [key = ""] = call.keys;
      // A later step of an operation has only the rest of its time, so it travels alone.
      if (options?.startedAtMs === undefined) return ask(runner.slotOf(key), key, call, options);
      const [reply] = await all([call], options);
      if (reply === undefined) throw unreadable();
      return reply;
    },
  };
}

function partsOf(reply: unknown, count: number): { parts: readonly unknown[]; nowMs: number } {
  const [nowMs, parts]: readonly unknown[] = Array.isArray(reply) ? reply : [];
  if (!isInstant(nowMs) || !Array.isArray(parts) || parts.length !== count) throw unreadable();
  return { parts, nowMs };
}
