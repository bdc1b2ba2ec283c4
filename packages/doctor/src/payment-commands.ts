// The commands `payments list` and `payments resolve`.
import type { LoadedStores } from "@tollbooth-stores/config";
import type { Command } from "./arguments.ts";
import { confirmed } from "./confirm.ts";
import { openStores } from "./examine.ts";
import { hearUnreadable, unreadableText } from "./hear-unreadable.ts";
import { ERRORS, FINE, NO_ANSWER, type Outcome } from "./outcome.ts";
import { anotherPrefix, noOwnKeys, paymentsPrefix } from "./own-keys.ts";
import { findPayment, listPayments, recordResolution } from "./payments.ts";
import { listText, planText } from "./report.ts";
import { planResolution, refused } from "./resolution-plan.ts";

/** `payments list`, as its arguments say it. */
export type ListCommand = Extract<Command, { name: "list" }>;
/** `payments resolve`, as its arguments say it. */
export type ResolveCommand = Extract<Command, { name: "resolve" }>;

/** What the commands need of their terminal. */
export interface Terminal {
  /** Shows text at once. Without effect where the outcome is printed as JSON. */
  show(text: string): Promise<void>;
  /** Asks for a yes. Undefined where no person is there to answer. */
  ask: ((text: string) => Promise<boolean>) | undefined;
}

/** Asks where the command reads from and writes to a terminal. */
export function askOnTerminal({ json }: Pick<Command, "json">): Terminal["ask"] {
  const { stdin, stdout } = process;
  if (json || stdin.isTTY !== true || stdout.isTTY !== true) return undefined;
  return (text) => confirmed({ input: stdin, output: stdout, text });
}

/** Rejects where the list would be incomplete. */
export async function list({ options }: ListCommand): Promise<Outcome> {
  return withStores(options, async (stores) => {
    const { result: payments, unreadable } = await hearUnreadable(() => listPayments(stores));
    const json = { payments, unreadable };
    if (payments.length === 0 && options.url !== undefined) {
      const message = await noOwnKeys(stores);
      if (message !== undefined)
        return { json, status: NO_ANSWER, error: { code: "NO_KEYS", message }, help: anotherPrefix };
    }
    const outcome = { json, text: listText(payments, { nowMs: Date.now(), prefix: paymentsPrefix(stores) }) };
    if (unreadable.length === 0) return { ...outcome, status: FINE };
    const message = unreadableText(unreadable.length);
    return { ...outcome, status: ERRORS, error: { code: "STORE_CORRUPT", message }, help: unreadable.join("\n") };
  });
}

/** Shows what would be recorded, and records it where it is told to. Rejects where the store does not answer. */
export async function resolve(command: ResolveCommand, { show, ask }: Terminal): Promise<Outcome> {
  const { options, handle, resolution, yes } = command;
  return withStores(options, async (stores) => {
    const payment = await findPayment(stores, handle);
    if (payment === undefined) {
      const { code, message } = refused("UNKNOWN_HANDLE");
      return notRecorded({ code, message: `${message} (looked for under the prefix ${paymentsPrefix(stores)})` });
    }
    const plan = planResolution(payment, resolution, Date.now());
    await show(planText(payment, plan, Date.now()));
    if (plan.status === "refused") return notRecorded(plan, { payment });
    if (plan.status === "already") {
      return {
        status: FINE,
        json: { result: "already", message: plan.message, payment },
        text: `done: ${plan.message}`,
      };
    }
    const { recorded, next } = plan;
    if (!yes && ask === undefined) {
      const message = "Nothing was recorded. Read what it would be, and give --yes.";
      const would = { payment, wouldRecord: recorded, next };
      return { ...notRecorded({ code: "NOT_CONFIRMED", message }, would), status: NO_ANSWER };
    }
    if (!yes && !(await ask?.("Record this? [y/N] "))) {
      return notRecorded({ code: "NOT_CONFIRMED", message: "Nothing was recorded." });
    }
    const failed = await recordResolution(stores, payment, resolution);
    if (failed !== undefined) return notRecorded(failed, { payment });
    return { status: FINE, json: { result: "done", payment, recorded, next }, text: "done" };
  });
}

function notRecorded({ code, message }: { code: string; message: string }, json: object = {}): Outcome {
  return { status: ERRORS, json, error: { code, message } };
}

async function withStores(
  options: Command["options"],
  use: (stores: LoadedStores) => Promise<Outcome>,
): Promise<Outcome> {
  const stores = await openStores(options);
  try {
    // Waits for the first connection, which takes longer than a call may.
    await stores.ping();
    return await use(stores);
  } finally {
    await stores.close();
  }
}
