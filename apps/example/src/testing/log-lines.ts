// A gateway's log whose lines a test reads.
import { type Logger, pino } from "pino";

export interface LogLines {
  log: Logger;
  lines: Record<string, unknown>[];
  /** The lines that take a person. */
  errors(): Record<string, unknown>[];
}

export function logLines(): LogLines {
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { base: null, timestamp: false, formatters: { level: (level) => ({ level }) } },
    { write: (line) => void lines.push(JSON.parse(line)) },
  );
  return { log, lines, errors: () => lines.filter(({ level }) => level === "error" || level === "fatal") };
}
