// The sandbox in the test's own process: its ledger and its upstream on free ports, its logs in a folder of their own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ledger, openSandboxLedger, type RunningSandbox } from "@tollbooth-stores/sandbox";
import { openEvmLedger } from "@tollbooth-stores/sandbox/evm";
import { openUpstream } from "@tollbooth-stores/sandbox/upstream";
import { inject } from "vitest";
import { listen } from "../listen.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** What the sandbox's ledger stands on. */
    chain: "simulated" | "evm";
  }
}

export interface StartedSandbox extends RunningSandbox {
  /** Its addresses, as the variables in a gateway's configuration. */
  env: Record<"FACILITATOR_URL" | "CHAIN_URL" | "UPSTREAM_URL", string>;
  /** Removes its logs, too. */
  stop(): Promise<void>;
}

export interface InProcessSandbox extends StartedSandbox {
  /** The chain's own books, asked without HTTP. */
  books: Ledger;
  /** How far the chain's clock is ahead of this process's. 0 at first. */
  chainClock: { aheadSeconds: number };
}

/** On the simulated chain, whatever the lane. */
export async function startSandbox(): Promise<InProcessSandbox> {
  const chainClock = { aheadSeconds: 0 };
  const clock = () => Math.floor(Date.now() / 1_000) + chainClock.aheadSeconds;
  const [started, { ledger: books }] = await start(async (directory) => openSandboxLedger(directory, clock));
  return { ...started, books, chainClock };
}

/** On the lane's chain, as vitest.config.ts says. What a real EVM has in a block is final at once here, as on the simulated one. */
export async function startLaneSandbox(): Promise<StartedSandbox> {
  if (inject("chain") === "simulated") return startSandbox();
  const [started] = await start((directory) => openEvmLedger(directory, { finalityBlocks: 0 }));
  return started;
}

interface Closable {
  fetch: Parameters<typeof listen>[0];
  close(): void | Promise<void>;
}

async function start<L extends Closable>(open: (logDirectory: string) => Promise<L>): Promise<[StartedSandbox, L]> {
  const logDirectory = mkdtempSync(join(tmpdir(), "tollbooth-sandbox-"));
  const ledgerApp = await open(logDirectory);
  const upstreamApp = openUpstream(logDirectory);
  const ledger = await listen(ledgerApp.fetch, 0);
  const upstream = await listen(upstreamApp.fetch, 0);
  const started: StartedSandbox = {
    ledger,
    upstream,
    logDirectory,
    env: {
      FACILITATOR_URL: `${ledger.url}/facilitator`,
      CHAIN_URL: `${ledger.url}/rpc`,
      UPSTREAM_URL: upstream.url,
    },
    async stop() {
      await ledger.stop(100);
      await upstream.stop(100);
      await ledgerApp.close();
      upstreamApp.close();
      rmSync(logDirectory, { recursive: true });
    },
  };
  return [started, ledgerApp];
}
