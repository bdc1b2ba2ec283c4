// What a test does with a running sandbox, by its addresses and its logs: payers, what was logged, faults.
import { join } from "node:path";
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { readLog } from "./append-log.ts";

type LogName = "ledger" | "facilitator" | "upstream";

/** Where a sandbox that runs is found. */
export interface RunningSandbox {
  ledger: { url: string };
  upstream: { url: string };
  logDirectory: string;
}

export interface SandboxControls {
  /** A new payer with 10 USDC. */
  payer(): Promise<PrivateKeyAccount>;
  /** What a process wrote: "transfer" (ledger), "verify" and "settle" (facilitator), "run" (upstream). */
  logged(log: LogName, kind: string): Record<string, unknown>[];
  /** verify calls, handler runs and transfers so far. */
  counts(): { verifies: number; runs: number; transfers: number };
  /** What the simulated ledger shall do wrong, until `reset`. */
  fault(fault: object): Promise<void>;
  /** How the upstream shall behave, until `reset`. */
  upstream(behaviour: object): Promise<void>;
  /** Nothing goes wrong any more. */
  reset(): Promise<void>;
}

async function send(method: string, url: string, body?: object): Promise<void> {
  const json = body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const response = await fetch(url, { method, ...json });
  if (!response.ok) throw new Error(`${method} ${new URL(url).pathname}: ${response.status}`);
}

/** `running` is asked at each use: the controls may be made before the sandbox runs. */
export function sandboxControls(running: () => RunningSandbox): SandboxControls {
  const logged = (log: LogName, kind: string) =>
    readLog(join(running().logDirectory, `${log}.jsonl`)).filter((entry) => entry.kind === kind);
  return {
    async payer() {
      const account = privateKeyToAccount(generatePrivateKey());
      await send("POST", `${running().ledger.url}/admin/mint`, { account: account.address, value: "10000000" });
      return account;
    },
    logged,
    counts: () => ({
      verifies: logged("facilitator", "verify").length,
      runs: logged("upstream", "run").length,
      transfers: logged("ledger", "transfer").length,
    }),
    fault: (fault) => send("POST", `${running().ledger.url}/admin/faults`, fault),
    upstream: (behaviour) => send("PUT", `${running().upstream.url}/admin/behaviour`, behaviour),
    async reset() {
      await send("DELETE", `${running().ledger.url}/admin/faults`);
      await send("PUT", `${running().upstream.url}/admin/behaviour`, {});
    },
  };
}
