// The process of a ledger's EVM, which no program tells: it is its own business.
import { execFileSync } from "node:child_process";

/** Throws where the ledger has none. */
export function anvilOf(ledgerPid: number | undefined): number {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,comm="], { encoding: "utf8" }).trim().split("\n");
  const all = lines.map((line) => line.trim().split(/\s+/)).map(([pid, parent, name = ""]) => ({ pid, parent, name }));
  // A guard is between them.
  const guards = all.filter(({ parent }) => Number(parent) === ledgerPid).map(({ pid }) => pid);
  const anvil = all.find(({ parent, name }) => guards.includes(parent) && name.includes("anvil"));
  if (anvil === undefined) throw new Error("The ledger has no anvil.");
  return Number(anvil.pid);
}
