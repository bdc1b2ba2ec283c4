// An append-only log of JSON lines: what a process did, on disk before it goes on.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";

export interface AppendLog {
  /** Returns once the line has been handed to the disk. */
  append(entry: Readonly<Record<string, unknown>>): void;
  close(): void;
}

/** Opens `file` for appending, creating it if need be. Every line gets the instant it was written, as `at`. */
export function appendLog(file: string): AppendLog {
  const descriptor = openSync(file, "a");
  return {
    append(entry) {
      writeSync(descriptor, `${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`);
      fsyncSync(descriptor);
    },
    close: () => closeSync(descriptor),
  };
}

/** Every complete line of a log, oldest first; a log that does not exist yet is empty. */
export function readLog(file: string): Record<string, unknown>[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line): Record<string, unknown> => JSON.parse(line));
}
