// Core's session transitions as calls of the sessions' scripts.
import { isStoreError, type PortCallOptions, StoreError } from "@tollbooth-stores/core";
import {
  createdSession,
  creditPastDeadline,
  type NativeTransitions,
  noRoomForQuotas,
  quotaTooLarge,
  type SessionState,
  successorTaken,
  tooManyQuotas,
} from "@tollbooth-stores/core/native";
import { failureOf, jitter, loneRunner, operationRunner, type RunOperation } from "../scripts/native-context.ts";
import { isInstant, replyReader, unreadable } from "../scripts/reading.ts";
import type { Script } from "../scripts/script.ts";
import { crossesSlots, type ScriptRunner } from "../scripts/script-runner.ts";
import { sessionBatches } from "./session-batches.ts";
import { decodeQuotas, decodeSession } from "./session-record.ts";
import { sessionScripts } from "./session-scripts.ts";

const what = "A stored session";
const errors = {
  DEADLINE: creditPastDeadline,
  QUOTA: quotaTooLarge,
  QUOTAS: tooManyQuotas,
  ROOM: noRoomForQuotas,
  TAKEN: successorTaken,
};
/** How many names a page of the index has. */
const pageSize = 256;

export interface SessionNativesOptions {
  /** False: each call travels alone. */
  coalesce: boolean;
  /** The largest share by which a record is physically kept longer than it lives. */
  ttlJitter: number;
}

export function sessionNatives(
  runner: ScriptRunner,
  { coalesce, ttlJitter }: SessionNativesOptions,
): NativeTransitions {
  const spreadBy = () => jitter(ttlJitter);
  const on = (script: Script): RunOperation => operationRunner(runner, script, what, errors);
  const create = on(sessionScripts.create);
  const get = sessionBatches(runner, coalesce, { script: sessionScripts.get, head: () => [], read: liveSession });
  const touch = sessionBatches(runner, coalesce, {
    script: sessionScripts.touch,
    head: () => [spreadBy()],
    read: (part) => (part === null || isInstant(part) ? part : failed(part)),
  });
  const touchAndGet = sessionBatches(runner, coalesce, {
    script: sessionScripts.touchAndGet,
    head: () => [spreadBy()],
    read(part) {
      if (part === null) return null;
      return typeof part === "string" && !part.startsWith("!") ? afterTouching(part) : failed(part);
    },
  });
  const update = on(sessionScripts.update);
  const credit = on(sessionScripts.credit);
  const debit = on(sessionScripts.debit);
  const remove = on(sessionScripts.delete);
  const rotate = on(sessionScripts.rotate);
  const listSubject = loneRunner(runner, sessionScripts.listSubject, what, errors);
  const deleteSubject = loneRunner(runner, sessionScripts.deleteSubject, what, errors);

  const read = (key: string, options: PortCallOptions | undefined) => get.one({ keys: [key], args: [] }, options);

  return {
    "session.create": async (keys, draft, options) => {
      const { hash, version, payload, idleTtlMs, absoluteTtlMs, subject, quotas } = draft;
      const about = [spreadBy(), hash, version, payload, idleTtlMs ?? "", absoluteTtlMs ?? ""];
      const args = [...about, subject?.hash ?? "", subject?.payload ?? "", ...quotaArguments(quotas)];
      const reply = await create(keys, args, options);
      if (reply.text() === "exists") return { status: "exists" };
      return { status: "ok", session: createdSession(draft, reply.integer()) };
    },
    "session.get": ([key = ""], _, options) => read(key, options),
    "session.getMany": async (keys, _, options) => {
      const found = new Map<string, SessionState | null>();
      const readTogether = async (group: readonly string[]) => {
        const calls = group.map((key) => ({ keys: [key], args: [] }));
        const sessions = await get.all(calls, options);
        group.forEach((key, at) => {
          found.set(key, sessions[at] ?? null);
        });
      };
      const readAll = () => Promise.all(bySlot(keys, runner.slotOf).map(readTogether));
      await readAll().catch((error: unknown) => {
        if (!crossesSlots(error)) throw error;
        return readAll();
      });
      return keys.map((key) => found.get(key) ?? null);
    },
    "session.touch": (keys, { hash }, options) => touch.one({ keys, args: [hash] }, options),
    "session.touchAndGet": (keys, { hash }, options) => touchAndGet.one({ keys, args: [hash] }, options),
    "session.update": async (keys, { ifVersion, payload, maxValueBytes }, options) => {
      const reply = await update(keys, [ifVersion, payload, maxValueBytes], options);
      const status = reply.text();
      if (status === "missing") return { status };
      if (status !== "ok" && status !== "conflict") throw unreadable();
      return { status, session: decodeSession(reply.text()) };
    },
    "session.credit": async (keys, { hash, operation, extendMs, quotas, maxValueBytes, createWith }, options) => {
      const args = [spreadBy(), hash, operation, extendMs ?? "", ...quotaArguments(quotas), maxValueBytes];
      if (createWith === undefined) args.push("0");
      else {
        const { version, payload, idleTtlMs, absoluteTtlMs } = createWith;
        args.push("1", version, payload, idleTtlMs ?? "", absoluteTtlMs ?? "");
      }
      const reply = await credit(keys, args, options);
      const status = reply.text();
      if (status === "missing") return { status };
      const replayed = reply.integer() === 1;
      const expiresAtMs = reply.integer();
      const held = reply.optionalText();
      return { status: "ok", expiresAtMs, quotas: held === undefined ? undefined : decodeQuotas(held), replayed };
    },
    "session.debit": async (keys, { quota, amount, operation }, options) => {
      const reply = await debit(keys, [spreadBy(), quota, String(amount), operation ?? ""], options);
      const status = reply.text();
      if (status === "missing") return { status };
      if (status !== "ok" && status !== "insufficient") throw unreadable();
      return { status, remaining: BigInt(reply.text()), replayed: reply.integer() === 1 };
    },
    "session.delete": async (keys, { hash, ifVersion }, options) =>
      (await remove(keys, [spreadBy(), hash, ifVersion ?? ""], options)).integer() === 1,
    "session.rotate": async (keys, { hash, successorHash, reencode }, options) => {
      const [from = ""] = keys;
      // One deadline for all of it. Only an update of the data makes it begin again.
      const call = { ...options, startedAtMs: options?.startedAtMs ?? performance.now() };
      for (;;) {
        call.signal?.throwIfAborted();
        const before = await read(from, call);
        if (before === null) return null;
        const { payload, subject } = reencode(before);
        const args = [spreadBy(), hash, successorHash, before.version, payload, subject?.payload ?? ""];
        const reply = await rotate(keys, args, call);
        const status = reply.text();
        if (status === "missing") return null;
        if (status === "ok") return decodeSession(reply.text());
      }
    },
    "session.listSubject": async (keys, { subjectHash, after }, options) => {
      const reply = await listSubject(keys, [subjectHash, after ?? "", pageSize], options);
      const next = reply.optionalText();
      return { hashes: texts(reply.list()), next };
    },
    "session.deleteSubject": async (keys, { subjectHash, listed, exceptHash, limit }, options) => {
      const args = [spreadBy(), subjectHash, exceptHash ?? "", limit, listed.length, ...listed];
      const reply = await deleteSubject(keys, args, options);
      return { deleted: reply.integer(), next: texts(reply.list()) };
    },
  };
}

function bySlot(keys: readonly string[], slotOf: (key: string) => number): readonly (readonly string[])[] {
  const groups = new Map<number, string[]>();
  for (const key of keys) {
    const slot = slotOf(key);
    const group = groups.get(slot);
    if (group === undefined) groups.set(slot, [key]);
    else group.push(key);
  }
  return [...groups.values()];
}

/** The session in a record that was read, if it has not ended. */
function liveSession(record: unknown, nowMs: number): SessionState | null {
  if (record === null) return null;
  if (typeof record !== "string" || record === "!CORRUPT") return failed(record);
  const session = decodeSession(record);
  return session.expiresAtMs > nowMs ? session : null;
}

/** The touch may have been written, whatever its record is found to be. */
function afterTouching(record: string): SessionState {
  try {
    return decodeSession(record);
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw new StoreError(error.code, error.message, { outcome: "unknown", cause: error });
  }
}

/** Throws the failure of one call that a script tells. */
function failed(part: unknown): never {
  if (typeof part !== "string") throw unreadable();
  throw failureOf(part.replace(/^!/, ""), what, errors);
}

/** Their number (-1: none were given), then names and decimal digits in turn. */
function quotaArguments(quotas: ReadonlyMap<string, bigint> | undefined): (string | number)[] {
  if (quotas === undefined) return [-1];
  return [quotas.size, ...Array.from(quotas, ([name, amount]) => [name, String(amount)]).flat()];
}

function texts(items: readonly unknown[]): string[] {
  const reader = replyReader(items);
  return items.map(() => reader.text());
}
