// For tests: the record of a subject index with given members.
import type { StoredRecord } from "../atomic-port.ts";
import { recordWithMember } from "./subject-index.ts";

/** Sessions' ends by their hashes, of the subject "sub". */
export function indexOf(
  ends: Readonly<Record<string, number>>,
  subjectHash = "sub",
  from?: StoredRecord,
): StoredRecord {
  let record = from ?? null;
  for (const [hash, endsAtMs] of Object.entries(ends))
    record = recordWithMember(record, 0, { subjectHash, hash, endsAtMs });
  if (record === null) throw new Error("no member was given");
  return record;
}
