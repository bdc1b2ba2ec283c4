// The subject index: which sessions the subjects of one tag have, and until when. It finds a subject's sessions.
import type { StoredRecord } from "../atomic-port.ts";
import { corrupt } from "./session-state.ts";

/** Session hash -> its subject and its end. Holds every subject whose pseudonym starts with the tag. */
export type SubjectIndex = ReadonlyMap<string, IndexMember>;

export interface IndexMember {
  readonly subjectHash: string;
  readonly expiresAtMs: number;
}

/** The index in a record. Throws STORE_CORRUPT for a record that is no index. */
export function subjectIndex(record: StoredRecord | null): Map<string, IndexMember> {
  const index = new Map<string, IndexMember>();
  if (record === null) return index;
  if (!Array.isArray(record.body)) throw corrupt("A stored subject index");
  for (const entry of record.body) {
    const [hash, subjectHash, expiresAtMs]: unknown[] = Array.isArray(entry) ? entry : [];
    if (typeof hash !== "string" || typeof subjectHash !== "string" || typeof expiresAtMs !== "number") {
      throw corrupt("A stored subject index");
    }
    index.set(hash, { subjectHash, expiresAtMs });
  }
  return index;
}

/**
 * The index without expired members. It ends with its last member. Null (delete the record) where no member is left.
 */
export function indexRecord(index: SubjectIndex, nowMs: number): StoredRecord | null {
  const live = [...index].filter(([, member]) => member.expiresAtMs > nowMs);
  if (live.length === 0) return null;
  return {
    endsAtMs: live.reduce((latest, [, member]) => Math.max(latest, member.expiresAtMs), 0),
    body: live.map(([hash, member]) => [hash, member.subjectHash, member.expiresAtMs]),
  };
}

/** The live sessions of one subject. */
export function membersOf(index: SubjectIndex, subjectHash: string, nowMs: number): string[] {
  return [...index]
    .filter(([, member]) => member.subjectHash === subjectHash && member.expiresAtMs > nowMs)
    .map(([hash]) => hash);
}

/** The index with this session in it, added or moved. */
export function withMember(
  record: StoredRecord | null,
  nowMs: number,
  hash: string,
  member: IndexMember,
): StoredRecord | null {
  return indexRecord(subjectIndex(record).set(hash, member), nowMs);
}

/** The index without this session. */
export function withoutMember(record: StoredRecord | null, nowMs: number, hash: string): StoredRecord | null {
  const index = subjectIndex(record);
  index.delete(hash);
  return indexRecord(index, nowMs);
}
