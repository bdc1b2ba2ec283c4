// What the phases of the drill are done to: a lane, or a stand-in for one.
import type { Lane } from "./lane.ts";

/** What of a lane the phases need. */
export type Driven = Pick<Lane, "phase" | "play" | "kill" | "restartRedis" | "logs" | "watch" | "ledger"> & {
  fleet: Pick<Lane["fleet"], "instances">;
};
