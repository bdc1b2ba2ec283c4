// consumeAll on one slot. Calls of one tick about the same limits travel in one script call.
import type { PortCallOptions, RateLimitDecision } from "@tollbooth-stores/core";
import { algorithmTag, consumeAllGroups, type Limit, type LimitGroup } from "@tollbooth-stores/core/native";
import { jitter } from "../scripts/native-context.ts";
import { isInstant, unreadable } from "../scripts/reading.ts";
import { crossesSlots, type ScriptRunner } from "../scripts/script-runner.ts";
import { type Caller, routing, tickBatches } from "../scripts/tick-batches.ts";
import { limitArguments } from "./limit-arguments.ts";
import { limitError } from "./limit-errors.ts";
import { limitRecord } from "./limit-records.ts";
import { consumeAllScript } from "./limit-scripts.ts";

/** How many keys travel together. A call with more travels alone. */
const MOST_KEYS = 64;

interface Checks {
  readonly keys: readonly string[];
  /** One a key. */
  readonly groups: readonly LimitGroup[];
}

interface Answer {
  readonly allowed: boolean;
  readonly decisions: RateLimitDecision[];
}

interface Group {
  /** For each key how many limits, and each: the script's arguments, with a space between two. */
  readonly shape: string;
  readonly taking: boolean;
  readonly slot: number;
  /** Of a step of an operation that began before. It travels alone, and has the rest of its time. */
  readonly startedAtMs: number | undefined;
}

export interface ChecksOptions {
  coalesce: boolean;
  ttlJitter: number;
}

/** Consumes on all keys or on none; without `taking` it only answers what it would take. */
export function checksTogether(
  runner: ScriptRunner,
  { coalesce, ttlJitter }: ChecksOptions,
): (
  keys: readonly string[],
  groups: readonly LimitGroup[],
  taking: boolean,
  call?: PortCallOptions,
) => Promise<Answer> {
  const ask = tickBatches<Group, Checks, Answer>({
    ...{ coalesce, mostKeys: MOST_KEYS, mostCalls: MOST_KEYS, splits: crossesSlots },
    sizeOf: ({ keys }) => keys.length,
    isSame: (one, other) =>
      one.shape === other.shape &&
      one.taking === other.taking &&
      one.slot === other.slot &&
      one.startedAtMs === undefined &&
      other.startedAtMs === undefined,
    async send({ taking, shape, startedAtMs }, all, live, waitedSinceMs) {
      let sent: Caller<Checks, Answer>[] = [];
      const prepare = () => {
        sent = [...live().values()].flat();
        if (sent.length === 0) return undefined;
        const keys = sent.flatMap(({ call }) => call.keys);
        const keysEach = String(keys.length / sent.length);
        return {
          keys,
          args: ["", jitter(ttlJitter), taking ? "1" : "0", keysEach, ...shape.split(" ")],
          calls: sent.length,
        };
      };
      const reply = await runner.send(consumeAllScript, routing(all), prepare, {
        startedAtMs: startedAtMs ?? waitedSinceMs,
      });
      const [nowMs, answers, texts]: readonly unknown[] = Array.isArray(reply) ? reply : [];
      if (sent.length === 0) return;
      if (!isInstant(nowMs) || !Array.isArray(answers) || !Array.isArray(texts)) throw unreadable();
      let from = 0;
      for (const [index, { call, resolve, reject }] of sent.entries()) {
        const found = texts.slice(from, from + call.keys.length);
        from += call.keys.length;
        try {
          resolve(answerOf(call, answers[index], found, nowMs, taking));
        } catch (error) {
          reject(error);
        }
      }
    },
  });
  return (keys, groups, taking, call) => {
    const [first = ""] = keys;
    const group = { shape: shapeOf(groups), taking, slot: runner.slotOf(first), startedAtMs: call?.startedAtMs };
    return ask(group, first, { keys, groups }, call);
  };
}

/** The arguments of each limit. The same few limits come again and again. */
const limitTexts = new WeakMap<Limit, string>();

function textOf(limit: Limit): string {
  const known = limitTexts.get(limit);
  if (known !== undefined) return known;
  const text = [algorithmTag(limit.algorithm), ...limitArguments(limit)].join(" ");
  limitTexts.set(limit, text);
  return text;
}

function shapeOf(groups: readonly LimitGroup[]): string {
  let shape = "";
  for (const { limits } of groups) {
    shape += `${shape === "" ? "" : " "}${limits.length}`;
    for (const limit of limits) shape += ` ${textOf(limit)}`;
  }
  return shape;
}

/** Core's transition on the records that the script found. Throws where the script decided otherwise. */
function answerOf(
  { groups }: Checks,
  answer: unknown,
  texts: readonly unknown[],
  nowMs: number,
  taking: boolean,
): Answer {
  if (typeof answer === "string") throw limitError(answer.replace(/^!/, ""));
  const records = groups.map(({ limits: [limit] }, index) => {
    const text = texts[index];
    if (typeof text !== "string" && text !== null) throw unreadable();
    return limitRecord(limit, text);
  });
  const played = consumeAllGroups(groups, records, nowMs).reply;
  if (played.allowed !== (answer === 1)) throw unreadable();
  if (taking) return played;
  return { ...played, decisions: played.decisions.map(({ receipt: _, ...decision }) => decision) };
}
