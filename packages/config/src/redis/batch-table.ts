// How a Redis provider spares round trips.
import { flag, integer, type SettingTable } from "../settings.ts";

export interface BatchSettings {
  coalesce: boolean;
  denyCacheMaxMs: number;
}

export const batchTable: SettingTable<BatchSettings> = {
  coalesce: flag("Whether calls of one tick travel together. Default true."),
  denyCacheMaxMs: integer(
    "How long a denied client is denied without asking Redis, in milliseconds; 0: not at all. Default 1000.",
    { min: 0, max: 60_000 },
  ),
};
