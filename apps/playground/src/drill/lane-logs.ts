// The three append-only logs of a lane, read on as they grow: the only witnesses of what was admitted, served and paid.
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** A handler run at the upstream. Instants are Unix epoch milliseconds. */
export interface Run {
  at: number;
  /** The client's X-Request-Id. */
  request: string;
  /** The payment's key, or "session". */
  paidBy: string;
  /** "name/pid" of the gateway. */
  instance: string;
}

/** A call that the facilitator got, logged before it was worked on. */
export interface FacilitatorCall {
  at: number;
  kind: "verify" | "settle";
  payer: string;
  nonce: string;
  instance: string;
}

/** Money that moved. */
export interface Transfer {
  at: number;
  from: string;
  nonce: string;
}

export interface LaneLogs {
  readonly runs: readonly Run[];
  readonly calls: readonly FacilitatorCall[];
  readonly transfers: readonly Transfer[];
}

const instant = z.iso.datetime().transform((text) => Date.parse(text));
/** What was not told is "-": a line is never left out because of it. */
const told = z
  .string()
  .nullable()
  .transform((text) => text ?? "-");
const runLine = z.object({ kind: z.literal("run"), at: instant, request: told, paidBy: told, instance: told });
const callLine = z.object({
  kind: z.enum(["verify", "settle"]),
  at: instant,
  payer: told,
  nonce: told,
  instance: told,
});
const transferLine = z.object({ kind: z.literal("transfer"), at: instant, from: z.string(), nonce: z.string() });
const ledgerLine = z.discriminatedUnion("kind", [transferLine, z.object({ kind: z.enum(["mint", "block"]) })]);

/** Reads what came since the last call; cheap enough for a few times a second. */
export function laneLogs(directory: string): { read(): LaneLogs } {
  const runs: Run[] = [];
  const calls: FacilitatorCall[] = [];
  const transfers: Transfer[] = [];
  const upstream = tail(join(directory, "upstream.jsonl"));
  const facilitator = tail(join(directory, "facilitator.jsonl"));
  const ledger = tail(join(directory, "ledger.jsonl"));
  return {
    read() {
      for (const line of upstream()) runs.push(runLine.parse(line));
      for (const line of facilitator()) calls.push(callLine.parse(line));
      for (const line of ledger()) {
        const entry = ledgerLine.parse(line);
        if (entry.kind === "transfer") transfers.push(entry);
      }
      return { runs, calls, transfers };
    },
  };
}

const chunkBytes = 65_536;

/** The complete lines that a file got since the last call. */
function tail(file: string): () => unknown[] {
  const chunk = Buffer.alloc(chunkBytes);
  let position = 0;
  let rest = Buffer.alloc(0);
  return () => {
    if (!existsSync(file)) return [];
    const descriptor = openSync(file, "r");
    const lines: unknown[] = [];
    try {
      for (;;) {
        const length = readSync(descriptor, chunk, 0, chunkBytes, position);
        if (length === 0) return lines;
        position += length;
        const bytes = Buffer.concat([rest, chunk.subarray(0, length)]);
        const end = bytes.lastIndexOf(0x0a) + 1;
        rest = Buffer.from(bytes.subarray(end));
        for (const line of bytes.toString("utf8", 0, end).split("\n")) if (line !== "") lines.push(JSON.parse(line));
      }
    } finally {
      closeSync(descriptor);
    }
  };
}
