// Random sequences of session calls: against the model, and against other stores.
import assert from "node:assert/strict";
import { isStoreError, type SessionRecord, type SessionStore } from "@tollbooth-stores/core";
import fc from "fast-check";
import { listed, minute, type SessionProperty } from "./checks.ts";
import { byText, isOwn, type SessionCommand, sessionModel, slots, storeNowMs, subjectOf } from "./model.ts";

const who = fc.nat(slots - 1);
const ttl = fc.option(fc.constantFrom(1_000, minute, 10 * minute, 100 * minute), { nil: undefined });
const op = fc.nat(2);

/** Sequences of up to 40 commands. */
export const sessionCommands: fc.Arbitrary<SessionCommand[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .record({ kind: fc.constant("create" as const), who, idleMs: ttl, absoluteMs: ttl, quota: fc.nat(5) })
        .map((command) => ({
          ...command,
          idleMs: command.absoluteMs === undefined ? (command.idleMs ?? minute) : command.idleMs,
        })),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("get" as const), who, touch: fc.boolean() }) },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("update" as const), who, stale: fc.boolean(), data: fc.nat(9) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("touch" as const, "rotate" as const), who }) },
    {
      weight: 5,
      arbitrary: fc
        .record({
          kind: fc.constant("credit" as const),
          who,
          op,
          extendMs: fc.option(fc.constantFrom(1_000, minute, 30 * minute), { nil: undefined }),
          quota: fc.nat(3),
          createWith: fc.boolean(),
        })
        .map((command) =>
          command.extendMs === undefined && (command.createWith || command.quota === 0)
            ? { ...command, extendMs: minute }
            : command,
        ),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("debit" as const),
        who,
        op: fc.option(op, { nil: undefined }),
        amount: fc.integer({ min: 1, max: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete" as const), who, stale: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("deleteBySubject" as const), subject: fc.nat(1) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("list" as const), subject: fc.nat(1) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("advance" as const),
        ms: fc.oneof(
          { weight: 3, arbitrary: fc.constantFrom(1, 999, 1_000, minute - 1, minute) },
          { weight: 1, arbitrary: fc.constantFrom(9 * minute, 100 * minute, 1_380 * minute) },
        ),
      }),
    },
  ),
  { minLength: 1, maxLength: 40 },
);

/** Plays commands on ids that start with `name`, and returns every answer in a form that names no id, version or instant. */
export async function playSessions(
  store: SessionStore,
  commands: readonly SessionCommand[],
  name: string,
  startMs: number,
  advance: (ms: number) => Promise<void>,
): Promise<unknown[]> {
  let nowMs = startMs;
  const ids = new Map<number, string>();
  /** A version is told as the number of changes since the session began; `seen` is the last count of each slot. */
  const firstVersions = new Map<number, number>();
  const seen = new Map<number, number>();
  const idOf = (slot: number) => (isOwn(slot) ? `${name}:${slot}` : (ids.get(slot) ?? ""));
  const see = (slot: number, record: SessionRecord<unknown>) => {
    const first = firstVersions.get(slot) ?? record.version;
    firstVersions.set(slot, first);
    seen.set(slot, record.version - first);
    return {
      data: record.data,
      version: record.version - first,
      ageMs: nowMs - record.createdAtMs,
      leftMs: record.expiresAtMs - nowMs,
      idleTtlMs: record.idleTtlMs,
      absoluteLeftMs: record.absoluteExpiresAtMs === undefined ? undefined : record.absoluteExpiresAtMs - nowMs,
      quotas: Object.fromEntries(Object.entries(record.quotas ?? {}).sort()),
    };
  };
  const versionOf = async (slot: number, stale: boolean) => {
    const record = await store.get(idOf(slot));
    return (record?.version ?? 1) + (stale ? 1 : 0);
  };

  const answerTo = async (command: Exclude<SessionCommand, { kind: "advance" }>): Promise<unknown> => {
    if (command.kind === "list")
      return (await listed(store, `${name} ${subjectOf(command.subject)}`)).map(({ data }) => data).sort(byText);
    if (command.kind === "deleteBySubject")
      return (await store.deleteBySubject(`${name} ${subjectOf(command.subject)}`)).deleted;
    const slot = command.who;
    const id = idOf(slot);
    switch (command.kind) {
      case "create": {
        const input = { data: { who: slot }, idleTtlMs: command.idleMs, absoluteTtlMs: command.absoluteMs };
        const quotas = command.quota > 0 ? { units: BigInt(command.quota) } : undefined;
        if (!isOwn(slot)) await store.delete(id);
        const subject = `${name} ${subjectOf(slot)}`;
        // Half of the issued ids are known before: the answers are the same.
        const known = command.quota > 0 ? store.newId({ subject }) : undefined;
        const created = isOwn(slot)
          ? await store.create({ ...input, quotas, id })
          : await store.create({ ...input, quotas, subject, id: known });
        if (created.status !== "ok") return created.status;
        ids.set(slot, created.record.id);
        firstVersions.delete(slot);
        return see(slot, created.record);
      }
      case "get": {
        const record = await store.get(id, { touch: command.touch });
        return record === null ? null : see(slot, record);
      }
      case "touch": {
        const touched = await store.touch(id);
        return touched.status === "ok" ? touched.expiresAtMs - nowMs : touched.status;
      }
      case "rotate": {
        if (isOwn(slot)) return "not played";
        const newId = (seen.get(slot) ?? 0) % 2 === 0 ? store.newId({ replaces: id }) : undefined;
        const rotated = await store.rotate(id, { newId });
        if (rotated.status !== "ok") return rotated.status;
        ids.set(slot, rotated.record.id);
        // Whether versions go on counting under a new id is the store's own affair.
        firstVersions.set(slot, rotated.record.version - (seen.get(slot) ?? 0));
        return see(slot, rotated.record);
      }
      case "update": {
        const updated = await store.update(
          id,
          { who: slot, n: command.data },
          { ifVersion: await versionOf(slot, command.stale) },
        );
        if (updated.status === "missing") return "missing";
        return updated.status === "ok" ? see(slot, updated.record) : ["conflict", see(slot, updated.current)];
      }
      case "delete":
        return store.delete(id, { ifVersion: await versionOf(slot, command.stale) });
      case "debit": {
        const opId = command.op === undefined ? undefined : `${name} ${command.op}`;
        const spent = await store.debit(id, { quota: "units", amount: BigInt(command.amount), opId });
        return spent.status === "missing" ? "missing" : [spent.status, spent.remaining, spent.replayed];
      }
      case "credit":
        return credit(command, id);
    }
  };
  const credit = async (command: Extract<SessionCommand, { kind: "credit" }>, id: string): Promise<unknown> => {
    const { who: slot, extendMs, quota } = command;
    const quotas = quota > 0 ? { units: BigInt(quota) } : undefined;
    const createWith = command.createWith ? { data: { who: slot, bought: true } } : undefined;
    try {
      const before = await store.get(id);
      const answer = await store.credit(id, { opId: `${name} ${command.op}`, extendMs, quotas, createWith });
      if (answer.status !== "ok") return answer.status;
      const record = await store.get(id);
      assert.ok(record !== null, "a credited session is live");
      assert.deepEqual(
        [record.expiresAtMs, record.quotas],
        [answer.expiresAtMs, answer.quotas],
        "the answer is the state",
      );
      if (before === null) firstVersions.delete(slot);
      return ["ok", see(slot, record), answer.replayed];
    } catch (error) {
      if (isStoreError(error, "STORE_INVALID_ARGUMENT")) return "invalid";
      throw error;
    }
  };

  // Every issued slot begins with the id of a session that is gone.
  for (let slot = 0; slot < slots; slot += 1) {
    if (isOwn(slot)) continue;
    const { record } = await store.create({ data: 0, idleTtlMs: 1 });
    await store.delete(record.id);
    ids.set(slot, record.id);
  }
  const answers: unknown[] = [];
  for (const command of commands) {
    if (command.kind === "advance") {
      nowMs += command.ms;
      await advance(command.ms);
      answers.push(undefined);
    } else answers.push(await answerTo(command));
  }
  return answers;
}

export const sequenceProperties: readonly SessionProperty[] = [
  {
    id: "sessions/model",
    title: "any sequence of calls is answered as the model answers it",
    async run(bench) {
      const store = await bench.open();
      let run = 0;
      await bench.forAll(sessionCommands, 150, async (commands) => {
        run += 1;
        const startMs = await storeNowMs(bench);
        const model = sessionModel(startMs);
        const expected = commands.map((command) => model.play(command));
        assert.deepEqual(await playSessions(store, commands, `run ${run}`, startMs, bench.advance), expected);
      });
    },
  },
];
