// An unexpected error in the form in which it may be logged: without texts that can hold a secret.

export interface ErrorForLog {
  /** The error's name; for a thrown value that is no Error, its type. */
  error: string;
  /** The lines of its stack, without its message. Undefined for a value that is no Error. */
  at: string[] | undefined;
}

/** An error without its message and its cause: libraries quote URLs, bodies and keys there. */
export function errorForLog(error: unknown): ErrorForLog {
  if (!(error instanceof Error)) return { error: typeof error, at: undefined };
  return { error: error.name, at: error.stack?.split("\n").flatMap((line) => /^ +at (.*)$/.exec(line)?.[1] ?? []) };
}
