// In a seller's process: the operator, who ends what is in doubt on a timer, and may be struck like anyone else.
import { setTimeout as sleep } from "node:timers/promises";
import { type RecordName, reconcileUnresolved, type VerificationStore } from "@tollbooth-stores/core";
import { ask, during } from "./channel.ts";
import { findSettlement, type Reference } from "./find-settlement.ts";
import type { Point } from "./points.ts";
import { struckStore } from "./struck-store.ts";

const EVERY_MS = 600;

/** Until `signal` is aborted, and then not once more. */
export async function operate(store: VerificationStore, leaseMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(EVERY_MS, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await during(() => goThrough(store, leaseMs));
  }
}

async function goThrough(store: VerificationStore, leaseMs: number): Promise<void> {
  const round = new AbortController();
  const at = async (point: Point, name: RecordName) => {
    if (typeof name === "string") return;
    const go = await ask({ kind: "at", of: name, point });
    if (go.kind === "go" && go.fault === "abort") round.abort();
  };
  try {
    await reconcileUnresolved(
      struckStore(store, { at }),
      async (_evidence, { reference, signal, handle }) => {
        await at("find", { handle });
        const found = await findSettlement(readReference(reference), signal);
        await at("found", { handle });
        return found;
      },
      { leaseMs, signal: round.signal },
    );
  } catch {
    // The store is away, or this round was aborted: the next one goes through them again.
  }
}

function readReference(text = ""): Reference {
  const { id, ledger }: Partial<Reference> = JSON.parse(text);
  if (id === undefined || ledger === undefined) throw new TypeError("A payment's reference was lost.");
  return { id, ledger };
}
