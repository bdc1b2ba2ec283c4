// The exit code of the programs that start others, for what went wrong.

import { isStoreError } from "@tollbooth-stores/core";
import { ConfigError } from "@tollbooth-stores/example";
import { UsageError } from "./command-line.ts";
import { ChildFailed } from "./process/supervisor.ts";

/** 2: a mistake on the command line or in the configuration, which the user can mend. A child's own code passes through. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof ConfigError || isStoreError(error, "STORE_CONFIG")) return 2;
  return error instanceof ChildFailed ? (error.exitCode ?? 1) : 1;
}
