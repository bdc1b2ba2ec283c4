// The sandbox in the test's own process: its ledger and its upstream on free ports, its logs in a folder of their own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ledger, openSandboxLedger, type RunningSandbox } from "@tollbooth-stores/sandbox";
import { openUpstream } from "@tollbooth-stores/sandbox/upstream";
import { listen } from "../listen.ts";

export interface InProcessSandbox extends RunningSandbox {
  /** The chain's own books, asked without HTTP. */
  books: Ledger;
  /** How far the chain's clock is ahead of this process's. 0 at first. */
  chainClock: { aheadSeconds: number };
  /** Its addresses, as the variables in a gateway's configuration. */
  env: Record<"FACILITATOR_URL" | "CHAIN_URL" | "UPSTREAM_URL", string>;
  /** Removes its logs, too. */
  stop(): Promise<void>;
}

export async function startSandbox(): Promise<InProcessSandbox> {
  const logDirectory = mkdtempSync(join(tmpdir(), "tollbooth-sandbox-"));
  const chainClock = { aheadSeconds: 0 };
  const ledgerApp = openSandboxLedger(logDirectory, () => Math.floor(Date.now() / 1_000) + chainClock.aheadSeconds);
  const upstreamApp = openUpstream(logDirectory);
  const ledger = await listen(ledgerApp.fetch, 0);
  const upstream = await listen(upstreamApp.fetch, 0);
  return {
    ledger,
    upstream,
    logDirectory,
    books: ledgerApp.ledger,
    chainClock,
    env: {
      FACILITATOR_URL: `${ledger.url}/facilitator`,
      CHAIN_URL: `${ledger.url}/rpc`,
      UPSTREAM_URL: upstream.url,
    },
    async stop() {
      await ledger.stop(100);
      await upstream.stop(100);
      ledgerApp.close();
      upstreamApp.close();
      rmSync(logDirectory, { recursive: true });
    },
  };
}
