// What was tried for the rows of the table that are missed, and what stands in the way. By the row's title.
import type { GoalResult } from "../check-goals.ts";

const batches =
  "Tried: batches of 16, 22 and 64 keys, 32 and 128 keys a turn of the event loop, answers as numbers, records as bytes, functions " +
  "in Lua (ADR 15). Client and Redis share two cores here, and with two batches under way each waits for the other some of the " +
  "time, so that the ratio stays below that of their CPU together. Of that CPU a sixth is the socket's writes, three tenths the " +
  "client library and the engine, a fifth TIME, MGET and INCRBY, a fifth the Lua around them, a ninth our own JavaScript. No one " +
  "of the last three could be halved without giving up the server's clock, the proof of a record, or a decision for each call.";

const absolute =
  "The goal is in microseconds of another machine: INCR took 0.45 us there, and here what `raw` shows. In units of that INCR " +
  "the goal is 13 alone and 7 in batches. Tried: see ADR 15. TIME, MGET and INCRBY take " +
  "half; what is left is the chunk's own start, its arguments, proving the record, and the reply.";

/** By `Goal.row`. A row that is met is not shown. */
export const reasons: Readonly<Record<string, string>> = {
  "consume, 64 in flight, against RLF": batches,
  "consume, 64 in flight, against raw INCR":
    "As for the row before. INCR is one of the three commands that a consume needs, and it proves nothing.",
  "consume, 256 in flight, against RLF": batches,
  "consume of one hot client, 256 in flight, against RLF":
    "Redis does next to nothing here (a merged call for 256 decisions). What is left is this process: a check of the " +
    "arguments, a name, a promise and a decision with its receipt for each call. Our memory store, which has no network at " +
    "all, does not reach fifteen times RLF either: see consume-memory. Tried: names and limits remembered, no promise in " +
    "between, receipts written from two halves.",
  "a denied client, 64 in flight, against RLF without its in-memory block":
    "No Redis is asked. A denial costs a reading of the clock, core's own arithmetic and a decision of its own, so that " +
    "retryAfterMs stays exact. express-rate-limit's counter in memory, which does less, is not fifty times as fast as RLF " +
    "on Redis either: see consume-memory. Tried: one reading of the clock instead of two (kept), no promise in between (kept).",
  "consume, 1 in flight, p50 against RLF":
    "RLF's script is INCRBY and PTTL on a window that its client's clock began. Ours reads TIME, so that no instance's clock " +
    "decides, proves the record, and answers it, which this process plays once more. Each call has a deadline, too, where RLF " +
    "waits as long as the client. Tried: no timer of the client's own (kept), no listener on the deadline's signal (kept).",
  "client CPU a consume, 64 in flight, against RLF":
    "A quarter of it is the system's write to the socket, one for each batch; the client library's encoder and decoder come next. " +
    "Our own part is 1 us: names, promises, the decisions.",
  "Redis CPU a decision, 1 in flight, us": absolute,
  "Redis CPU a decision, 64 in flight, us": absolute,
  "session get, 64 in flight, against raw GET and JSON.parse":
    "Reads travel in one MGET, equal ones once (ADR 15). Beside what GET does, a read hashes the id, which a key must not show, proves " +
    "and takes apart the record, proves that the server is a primary, and makes the session that is answered. Tried: a flat script " +
    "with one MGET (kept), equal reads as one (kept).",
  "memory consume, against RLF memory":
    "Even: runs of one build reach 0.89x to 1.07x. Both take half a microsecond, most of it the promise.",
  "session touch, 64 in flight, against connect-redis touch":
    "EXPIRE moves one number. A touch reads the record's head, keeps to the absolute deadline, never shortens, writes the new end " +
    "into the record and as its expiry, and keeps the opIds as long. Tried: arguments by number and one spread a call (kept), " +
    "the opIds of a batch asked for in one command (kept), and flat Lua without functions: 0.7x of the Redis CPU again, but the " +
    "record's form would be written down twice.",
  "consumeAll of three limits of one client, 64 in flight, against RLF's union":
    "RLF's union sends three calls, each on its own, and is not atomic: a denial by one limit leaves the others charged. All or nothing " +
    "reads and judges all records before the first write. Tried: calls of one shape together, INCRBY instead of SET (0.62x of the " +
    "Redis CPU), limits and the client's hash remembered, each limit played once (0.65x of our JavaScript).",
  "bytes a session, beyond its key and payload":
    "The payload alone, written by SET with a time to live under the same key, takes as much: see `plain`. Redis's allocator rounds " +
    "texts of this length to 64 bytes, and the record's 22 bytes fall into what is lost anyway.",
};

/** The rows that were missed, each with its reason. */
export function missedRows(goals: readonly GoalResult[]): string {
  const rows = new Set(goals.flatMap(({ row, verdict }) => (verdict === "missed" ? [row] : [])));
  return [...rows].map((row) => `- **${row}.** ${reasons[row] ?? "Not explained yet."}`).join("\n");
}
