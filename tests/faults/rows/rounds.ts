// Rounds of a row that needs no load: each client in turn owns a payment, and the other one meets it.
import { setTimeout as sleep } from "node:timers/promises";
import type { Pay, PayEnded } from "../contract.ts";
import type { Instance } from "../run/instances.ts";
import { type Findings, openFindings } from "./findings.ts";
import type { Outcome, Row, Stage } from "./row.ts";

export interface Round extends Stage {
  /** Names this round's payment. */
  id: string;
  /** The client whose turn it is; where its process is to be killed, take a new one by `start`. */
  owner: Instance;
  other: Instance;
  findings: Findings;
}

/** A lease that is short enough to wait for, and long enough for a busy machine. */
export const LEASE_MS = 600;
/** A payer without an answer by then never gets one. */
const MOST_MS = 20_000;

/** `round` answers what shows that its fault landed. */
export function inRounds(of: Omit<Row, "play">, round: (round: Round) => Promise<string>): Row {
  return {
    ...of,
    async play(stage): Promise<Outcome> {
      const findings = openFindings();
      let proof = "";
      for (let index = 0; index < stage.rounds; index += 1) {
        for (const owner of stage.instances) {
          const other = stage.instances.find((one) => one !== owner) ?? owner;
          const id = `${stage.name}:${owner.client}:${index}`;
          proof = await round({ ...stage, ...{ id, owner, other, findings } });
          findings.check(proof !== "", `${id}: the fault did not land`);
        }
      }
      const twice = stage.ledger.freshTwice().map((text) => `delivered twice: ${text}`);
      return { proof, unsafe: [...findings.unsafe, ...twice], shown: [], rounds: stage.rounds };
    },
  };
}

/** Asks again until there is an end, as a payer does. */
export async function payUntilEnded({ jobs }: Instance, payment: Pay): Promise<PayEnded> {
  const deadlineMs = Date.now() + MOST_MS;
  for (;;) {
    const ended = await jobs.pay(payment);
    if ((ended.status !== "pending" && ended.status !== "error") || Date.now() > deadlineMs) return ended;
    await sleep(ended.status === "pending" ? Math.min(ended.retryAfterMs, 200) : 50);
  }
}

/** Resolves when `id` reaches the step, and lets it go on when `go` is called. */
export function stopAt({ ledger }: Stage, id: string, step: Parameters<Stage["ledger"]["jobs"]["reached"]>[0]) {
  let go = () => {};
  const going = new Promise<"go">((resolve) => {
    go = () => resolve("go");
  });
  let stopped = false;
  const reached = new Promise<void>((resolve) => {
    ledger.onReached(id, async (at) => {
      if (at !== step || stopped) return "go";
      stopped = true;
      resolve();
      return going;
    });
  });
  return { reached, go };
}

/** The payment moved once, and its payer has the content. */
export function paidOnce({ findings, ledger, id }: Round, ended: PayEnded, moves = 1): void {
  findings.check(ended.status === "fresh" || ended.status === "kept", `${id}: ended ${JSON.stringify(ended)}`);
  findings.check(ledger.transfers(id) === moves, `${id}: moved ${ledger.transfers(id)} times`);
}
