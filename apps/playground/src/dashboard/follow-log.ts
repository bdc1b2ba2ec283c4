// Follows an append-only log of JSON lines, as `tail -f` does: each line once, also those that were there before.
import { type FileHandle, open } from "node:fs/promises";
import { StringDecoder } from "node:string_decoder";

export interface FollowedLog {
  /**
   * The complete lines that have come since the last look, in order; what is not a JSON object is passed over. A file that
   * does not exist yet is empty; rejects where it cannot be read. One look at a time.
   */
  look(): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

const chunkBytes = 65_536;

/** Nothing is opened before the first look. */
export function followLog(file: string): FollowedLog {
  let handle: FileHandle | undefined;
  let position = 0;
  let rest = "";
  // A character may lie across two reads.
  const decoder = new StringDecoder("utf8");
  const buffer = Buffer.alloc(chunkBytes);
  return {
    async look() {
      handle ??= await openIfThere(file);
      const entries: Record<string, unknown>[] = [];
      while (handle !== undefined) {
        const { bytesRead } = await handle.read(buffer, 0, chunkBytes, position);
        if (bytesRead === 0) break;
        position += bytesRead;
        const lines = (rest + decoder.write(buffer.subarray(0, bytesRead))).split("\n");
        rest = lines.pop() ?? "";
        entries.push(...lines.flatMap(objectOf));
      }
      return entries;
    },
    async close() {
      await handle?.close();
      handle = undefined;
    },
  };
}

function openIfThere(file: string): Promise<FileHandle | undefined> {
  return open(file, "r").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
}

/** The object that a line holds, in a list; an empty list where it holds none. */
function objectOf(line: string): Record<string, unknown>[] {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? [{ ...value }] : [];
  } catch {
    return [];
  }
}
