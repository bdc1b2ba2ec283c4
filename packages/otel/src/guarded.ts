// Calls into the application's OpenTelemetry. What its providers, processors and instruments throw stays here.
import { diag } from "@opentelemetry/api";

/**
 * The same function, which returns undefined where it throws: Node ends the process for what a subscriber of a channel throws, in the midst
 * of a payment. The first error is told to OpenTelemetry's `diag`; a broken processor would fill a log with the others.
 */
export function guarded<Args extends unknown[], R>(run: (...args: Args) => R): (...args: Args) => R | undefined {
  let isTold = false;
  return (...args) => {
    try {
      return run(...args);
    } catch (error) {
      if (!isTold) tell(error);
      isTold = true;
      return undefined;
    }
  };
}

function tell(error: unknown): void {
  try {
    diag.error("@tollbooth-stores/otel: OpenTelemetry threw. It goes on, and says so once.", error);
  } catch {
    // The application's logger of diagnostics threw too.
  }
}
