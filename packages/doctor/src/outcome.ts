// How a run of the command ends: its exit status, and what it prints as text or as JSON.

/** Fine; or warnings and unknowns that --fail-on does not ask about; or recorded. */
export const FINE = 0;
/** Errors were found, or the payment was not resolved. */
export const ERRORS = 1;
/** A mistake in the arguments or the configuration, no answer, or an unknown of what --fail-on asks about. */
export const NO_ANSWER = 2;

/** An exit status. */
export type Status = typeof FINE | typeof ERRORS | typeof NO_ANSWER;

/** What a run gives to be printed. */
export interface Outcome {
  status: Status;
  /** For standard output, where no JSON is asked for. */
  text?: string;
  /** The document of --json; an error is added to its fields. */
  json?: object;
  /** For standard error, or the document of --json. `code`: a StoreError's, or one of the command's own. */
  error?: { code: string; message: string };
  /** Printed after the error's message, but not into JSON. */
  help?: string;
  /** For standard error in any case. */
  trace?: string;
}
