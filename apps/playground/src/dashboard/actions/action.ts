// What every action of the dashboard is made of: what it may use, and what it tells.
import type { GatewayConfig } from "@tollbooth-stores/example";
import type { Instances } from "../../fleet/instances.ts";
import type { ActionResult } from "../state.ts";
import type { AskedFor } from "./curl.ts";

export interface ActionContext {
  /** The front's address. */
  url: string;
  config: GatewayConfig;
  instances: Instances;
  /** The payment that was sent last, to be sent again. */
  lastPayment: { asked: AskedFor; settled: boolean } | undefined;
}

/** What an action comes back with; its caller adds the rest. */
export type Outcome = Pick<ActionResult, "title" | "outcome" | "ok" | "answers" | "curl">;

/** An action that cannot be done just now; the message says why and what to do first. */
export class NotNow extends Error {
  override readonly name = "NotNow";
}
