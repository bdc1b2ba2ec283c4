// Gathers the calls of one tick that can travel together. A call that is alone in its tick waits for nothing.
import type { CallOptions } from "@tollbooth-stores/core";

/** One caller and its call. */
export interface Caller<Call, Reply> {
  readonly call: Call;
  readonly signal: AbortSignal | undefined;
  resolve(reply: Reply): void;
  reject(error: unknown): void;
}

/** Callers by the key that they ask for, in the order of their calls. */
export type Callers<Call, Reply> = ReadonlyMap<string, readonly Caller<Call, Reply>[]>;

export interface TickBatchesOptions<Group, Call, Reply> {
  /** False: each call travels alone. */
  coalesce: boolean;
  /** Whether calls of two groups may travel together. */
  isSame(one: Group, other: Group): boolean;
  /** How many keys travel together at most. More would keep the server from its other clients for longer. */
  mostKeys: number;
  /** How many calls travel together at most, several for one key included. */
  mostCalls: number;
  /** For how many calls a call counts. Default 1. */
  sizeOf?: ((call: Call) => number) | undefined;
  /**
   * Sends a batch and settles its callers. `live` gives those that have not given up; to be asked for when the batch is
   * written, since it may wait for its connection. A rejection rejects the callers that are not settled yet. `startedAtMs`:
   * since when its deadline counts, by `performance.now()`, where it has waited for its turn.
   */
  send(
    group: Group,
    all: Callers<Call, Reply>,
    live: () => Callers<Call, Reply>,
    startedAtMs: number | undefined,
  ): Promise<void>;
  /** Whether a batch that failed so ran in no part, and is to be sent key by key instead. Default: never. */
  splits?: ((error: unknown) => boolean) | undefined;
}

/**
 * After so many keys in full batches, the next one waits for the next turn of the event loop. Written all at once they would
 * be answered all at once, and this process and the server would wait for one another.
 */
const MOST_A_TURN = 64;

interface Batch<Group, Call, Reply> {
  readonly group: Group;
  readonly callers: Map<string, Caller<Call, Reply>[]>;
  calls: number;
  startedAtMs?: number | undefined;
}

/** Asks for one thing, under a key that equal calls share. */
export type AskTogether<Group, Call, Reply> = (
  group: Group,
  key: string,
  call: Call,
  options: CallOptions | undefined,
) => Promise<Reply>;

export function tickBatches<Group, Call, Reply>(
  options: TickBatchesOptions<Group, Call, Reply>,
): AskTogether<Group, Call, Reply> {
  const { coalesce, isSame, mostKeys, mostCalls, sizeOf = () => 1, send, splits = () => false } = options;
  let open: Batch<Group, Call, Reply>[] = [];

  const sendBatch = async ({ group, callers, startedAtMs }: Batch<Group, Call, Reply>): Promise<void> => {
    try {
      await send(group, callers, () => withoutAborted(callers), startedAtMs);
      rejectAborted(callers);
    } catch (error) {
      if (callers.size > 1 && splits(error)) {
        const alone = [...callers].map(([key, ofKey]) => ({
          group,
          callers: new Map([[key, ofKey]]),
          calls: ofKey.length,
        }));
        await Promise.all(alone.map(sendBatch));
        return;
      }
      rejectAborted(callers);
      for (const ofKey of callers.values()) for (const { reject } of ofKey) reject(error);
    }
  };
  /** Batches that wait for the next turn, and how many keys were sent in this one. */
  let waiting: Batch<Group, Call, Reply>[] = [];
  let thisTurn = 0;
  const nextTurn = () => {
    thisTurn = 0;
    const batches = waiting;
    waiting = [];
    for (const batch of batches) sendInTurn(batch);
  };
  const wait = (batch: Batch<Group, Call, Reply>) => {
    batch.startedAtMs ??= performance.now();
    waiting.push(batch);
  };
  const sendInTurn = (batch: Batch<Group, Call, Reply>) => {
    if (thisTurn >= MOST_A_TURN) {
      wait(batch);
      return;
    }
    if (thisTurn === 0) setImmediate(nextTurn);
    thisTurn += batch.callers.size;
    void sendBatch(batch);
  };
  const flush = () => {
    const batches = open;
    open = [];
    for (const batch of batches) {
      if (waiting.length > 0) wait(batch);
      else void sendBatch(batch);
    }
  };
  const sendNow = (batch: Batch<Group, Call, Reply>) => {
    open = open.filter((other) => other !== batch);
    sendInTurn(batch);
  };
  const openBatch = (group: Group, size: number): Batch<Group, Call, Reply> => {
    for (const batch of open) {
      if (!isSame(batch.group, group)) continue;
      if (batch.calls + size <= mostCalls) return batch;
      sendNow(batch);
      break;
    }
    const batch = { group, callers: new Map<string, Caller<Call, Reply>[]>(), calls: 0 };
    // Once the callers that were woken in this tick have asked.
    if (open.push(batch) === 1) process.nextTick(flush);
    return batch;
  };

  return (group, key, call, callOptions) =>
    new Promise((resolve, reject) => {
      const caller = { call, signal: callOptions?.signal, resolve, reject };
      if (!coalesce) {
        void sendBatch({ group, callers: new Map([[key, [caller]]]), calls: 1 });
        return;
      }
      const size = sizeOf(call);
      const batch = openBatch(group, size);
      const same = batch.callers.get(key);
      if (same === undefined) batch.callers.set(key, [caller]);
      else same.push(caller);
      batch.calls += size;
      if (batch.callers.size >= mostKeys || batch.calls >= mostCalls) sendNow(batch);
    });
}

function withoutAborted<Call, Reply>(callers: Callers<Call, Reply>): Callers<Call, Reply> {
  if (!hasAborted(callers)) return callers;
  const live = new Map<string, readonly Caller<Call, Reply>[]>();
  for (const [key, ofKey] of callers) {
    const left = ofKey.filter(({ signal }) => signal?.aborted !== true);
    if (left.length > 0) live.set(key, left);
  }
  return live;
}

function hasAborted<Call, Reply>(callers: Callers<Call, Reply>): boolean {
  for (const ofKey of callers.values()) for (const { signal } of ofKey) if (signal?.aborted) return true;
  return false;
}

/** A caller that was settled stays as it is. */
function rejectAborted<Call, Reply>(callers: Callers<Call, Reply>): void {
  for (const ofKey of callers.values())
    for (const { signal, reject } of ofKey) if (signal?.aborted) reject(signal.reason);
}

/** All keys of a batch go to one node, so one of them says which. */
export function routing(callers: ReadonlyMap<string, unknown>): string[] {
  const [first] = callers.keys();
  return first === undefined ? [] : [first];
}
