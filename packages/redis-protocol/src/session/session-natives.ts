// Core's session transitions as calls of the sessions' scripts.
import type { PortCallOptions } from "@tollbooth-stores/core";
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
import { jitter, loneRunner, operationRunner, type RunOperation, replyOf } from "../scripts/native-context.ts";
import { type ReplyReader, replyReader, unreadable } from "../scripts/reading.ts";
import type { Script } from "../scripts/script.ts";
import { crossesSlots, type ScriptRunner } from "../scripts/script-runner.ts";
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

export function sessionNatives(runner: ScriptRunner, spread: number): NativeTransitions {
  const spreadBy = () => jitter(spread);
  const on = (script: Script): RunOperation => operationRunner(runner, script, what, errors);
  const create = on(sessionScripts.create);
  const get = on(sessionScripts.get);
  const touch = on(sessionScripts.touch);
  const touchAndGet = on(sessionScripts.touchAndGet);
  const update = on(sessionScripts.update);
  const credit = on(sessionScripts.credit);
  const debit = on(sessionScripts.debit);
  const remove = on(sessionScripts.delete);
  const rotate = on(sessionScripts.rotate);
  const listSubject = loneRunner(runner, sessionScripts.listSubject, what, errors);
  const deleteSubject = loneRunner(runner, sessionScripts.deleteSubject, what, errors);

  const read = async (key: string, options: PortCallOptions | undefined) => liveSession(await get([key], [], options));

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
        const replies = await runner.run(sessionScripts.get, calls, options);
        group.forEach((key, at) => {
          found.set(key, liveSession(replyOf(replies[at], what)));
        });
      };
      const readAll = () => Promise.all(bySlot(keys, runner.slotOf).map(readTogether));
      await readAll().catch((error: unknown) => {
        if (!crossesSlots(error)) throw error;
        return readAll();
      });
      return keys.map((key) => found.get(key) ?? null);
    },
    "session.touch": async (keys, { hash }, options) => {
      const reply = await touch(keys, [spreadBy(), hash], options);
      return reply.rest().length === 0 ? null : reply.integer();
    },
    "session.touchAndGet": async (keys, { hash }, options) => {
      const reply = await touchAndGet(keys, [spreadBy(), hash], options);
      return reply.rest().length === 0 ? null : decodeSession(reply.text());
    },
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

/** The session in a reply of the get script, if it has not ended. */
function liveSession(reply: ReplyReader): SessionState | null {
  const raw = reply.optionalText();
  if (raw === undefined) return null;
  const session = decodeSession(raw);
  return session.expiresAtMs > reply.integer() ? session : null;
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
