// A limit as a script's arguments.
import type { Limit } from "@tollbooth-stores/core/native";

/** ARGV 3 to 5 of limit-call.lua. */
export function limitArguments({ algorithm, capacity, windowMs, intervalUs, cost }: Limit): string[] {
  return [String(capacity), String(algorithm === "token-bucket" ? intervalUs : windowMs), String(cost)];
}
