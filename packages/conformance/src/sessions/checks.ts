// Small steps that the properties of sessions share.
import assert from "node:assert/strict";
import type { ListedSession, NewSession, SessionRecord, SessionStore } from "@tollbooth-stores/core";
import type { Bench, Property } from "../property.ts";

export type SessionProperty = Property<SessionStore>;
export type SessionBench = Bench<SessionStore>;
export type Session = SessionRecord<unknown>;

export const minute = 60_000;
export const day = 86_400_000;
/** The largest quota. */
export const maxQuota: bigint = 2n ** 63n - 1n;

/** A session with an id that create issues, idle for ten minutes unless told otherwise. */
export async function issue(store: SessionStore, input: Partial<NewSession<unknown>> = {}): Promise<Session> {
  const { record } = await store.create({ data: { plan: "pro" }, idleTtlMs: 10 * minute, ...input });
  return record;
}

/** A session with an id that is known before; fails where there is one already. */
export async function createOwn(
  store: SessionStore,
  id: string,
  input: Partial<NewSession<unknown>> = {},
): Promise<Session> {
  const created = await store.create({ data: { plan: "pro" }, idleTtlMs: 10 * minute, ...input, id });
  return okRecord(created);
}

/** The record of an answer that must be "ok". */
export function okRecord(answer: { status: string; record?: Session }): Session {
  assert.equal(answer.status, "ok");
  assert.ok(answer.record !== undefined, "ok comes with a record");
  return answer.record;
}

/** The live session; fails where there is none. */
export async function read(store: SessionStore, id: string): Promise<Session> {
  const record = await store.get(id);
  assert.ok(record !== null, "the session is live");
  return record;
}

export async function listed(store: SessionStore, subject: string): Promise<ListedSession<unknown>[]> {
  const sessions: ListedSession<unknown>[] = [];
  for await (const session of store.listBySubject(subject)) sessions.push(session);
  return sessions;
}

/** Every way to reach a session by its id says that there is none. */
export async function assertGone(store: SessionStore, id: string, what: string): Promise<void> {
  assert.equal(await store.get(id), null, `${what}: get`);
  assert.equal(await store.get(id, { touch: true }), null, `${what}: get with touch`);
  assert.deepEqual(await store.getMany([id]), [null], `${what}: getMany`);
  const missing = { status: "missing" };
  assert.deepEqual(await store.touch(id), missing, `${what}: touch`);
  assert.deepEqual(await store.update(id, { back: true }, { ifVersion: 1 }), missing, `${what}: update`);
  assert.deepEqual(await store.modify(id, (data) => data), missing, `${what}: modify`);
  assert.deepEqual(await store.debit(id, { quota: "calls", amount: 1n }), missing, `${what}: debit`);
  assert.deepEqual(await store.credit(id, { opId: `credit of ${what}`, extendMs: minute }), missing, `${what}: credit`);
  assert.deepEqual(await store.rotate(id), missing, `${what}: rotate`);
  assert.equal(await store.delete(id), false, `${what}: delete`);
  assert.equal(await store.get(id), null, `${what}: still gone after all that`);
}

/** Two instances where the harness has them. */
export async function twoInstances(bench: SessionBench): Promise<readonly [SessionStore, SessionStore]> {
  const namespace = bench.namespace();
  return [await bench.open(namespace), await bench.open(namespace)];
}

export function countStatus(answers: readonly { status: string }[], status: string): number {
  return answers.filter((answer) => answer.status === status).length;
}
