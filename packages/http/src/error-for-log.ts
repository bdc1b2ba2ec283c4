// What a log may hold of an error that nothing foresaw.

export interface ErrorForLog {
  /** The error's name; of what is no Error its type. */
  error: string;
  /** The lines of its stack, without its message. */
  at: string[] | undefined;
}

/** An error without its message and its cause: libraries quote URLs, bodies and keys there. */
export function errorForLog(error: unknown): ErrorForLog {
  if (!(error instanceof Error)) return { error: typeof error, at: undefined };
  return { error: error.name, at: error.stack?.split("\n").flatMap((line) => /^ +at (.*)$/.exec(line)?.[1] ?? []) };
}
