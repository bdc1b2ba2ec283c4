// The timeouts of providers over a network.
import { integer, type SettingTable } from "./settings.ts";

export interface TimeoutSettings {
  commandTimeoutMs: number;
  connectTimeoutMs: number;
}

const milliseconds = { min: 1, max: 600_000 };

export const timeoutTable: SettingTable<TimeoutSettings> = {
  commandTimeoutMs: integer("How long a call may take, waiting for a connection included. Default 500.", milliseconds),
  connectTimeoutMs: integer(
    "How long connecting may take, and ping() and check() wait for it. Default 5000.",
    milliseconds,
  ),
};
