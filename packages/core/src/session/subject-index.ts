// The subject index: which sessions the subjects of one tag have, and until when. It finds a subject's sessions.
import type { StoredRecord } from "../atomic-port.ts";
import {
  type InstantMap,
  instantMap,
  instantOf,
  instantsOf,
  laterThan,
  withInstant,
  withoutName,
} from "./instant-map.ts";
import { corrupt } from "./session-state.ts";

/** The ends of each subject's sessions by their hashes. Holds every subject whose pseudonym starts with the tag. */
export type SubjectIndex = ReadonlyMap<string, InstantMap>;

/** The index in a record. Throws STORE_CORRUPT for a record that is no index. */
export function subjectIndex(record: StoredRecord | null): SubjectIndex {
  if (record === null) return new Map();
  const { body } = record;
  if (!Array.isArray(body)) throw corrupt("A stored subject index");
  return new Map(
    body.map((entry: unknown) => {
      const [subjectHash, sessions]: unknown[] = Array.isArray(entry) ? entry : [];
      if (typeof subjectHash !== "string") throw corrupt("A stored subject index");
      return [subjectHash, instantMap(sessions, "A stored subject index")];
    }),
  );
}

/** The live sessions of one subject. */
export function* membersOf(index: SubjectIndex, subjectHash: string, nowMs: number): Generator<string> {
  for (const [hash, endsAtMs] of instantsOf(index.get(subjectHash) ?? null)) if (endsAtMs > nowMs) yield hash;
}

export function isMember(index: SubjectIndex, subjectHash: string, hash: string): boolean {
  return instantOf(index.get(subjectHash) ?? null, hash) !== undefined;
}

/** The index with this session in it, added or moved. */
export function withMember(index: SubjectIndex, subjectHash: string, hash: string, endsAtMs: number): SubjectIndex {
  return new Map(index).set(subjectHash, withInstant(index.get(subjectHash) ?? null, hash, endsAtMs));
}

/** The index without these sessions of a subject. */
export function withoutMembers(index: SubjectIndex, subjectHash: string, hashes: readonly string[]): SubjectIndex {
  const others = new Map(index);
  const left = hashes.reduce<InstantMap | null>(withoutName, index.get(subjectHash) ?? null);
  if (left === null) others.delete(subjectHash);
  else others.set(subjectHash, left);
  return others;
}

/** The index record with this session in it, added or moved. */
export function recordWithMember(
  record: StoredRecord | null,
  nowMs: number,
  { subjectHash, hash, endsAtMs }: { subjectHash: string; hash: string; endsAtMs: number },
): StoredRecord | null {
  return indexRecord(withMember(subjectIndex(record), subjectHash, hash, endsAtMs), nowMs);
}

/** The index record without this session. */
export function recordWithoutMember(
  record: StoredRecord | null,
  nowMs: number,
  { subjectHash, hash }: { subjectHash: string; hash: string },
): StoredRecord | null {
  return indexRecord(withoutMembers(subjectIndex(record), subjectHash, [hash]), nowMs);
}

/**
 * The index without expired members. It ends with its last member. Null (delete the record) where no member is left.
 */
export function indexRecord(index: SubjectIndex, nowMs: number): StoredRecord | null {
  let endsAtMs = 0;
  const body: [string, InstantMap][] = [];
  for (const [subjectHash, sessions] of index) {
    const live = laterThan(sessions, nowMs);
    if (live === null) continue;
    endsAtMs = Math.max(endsAtMs, live.latestMs);
    body.push([subjectHash, live]);
  }
  return body.length === 0 ? null : { endsAtMs, body };
}
