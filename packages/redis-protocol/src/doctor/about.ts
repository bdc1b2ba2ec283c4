// What an examination knows before it asks a server, and how it asks.
import type { AskServer } from "../connection/scan-keys.ts";
import type { ConnectionSecurity, RedisPort, RedisServer } from "../redis-port.ts";
import type { Keeps } from "./finding.ts";
import { namingSilence } from "./no-answer.ts";
import { askingOnce, type RefusedQuestions } from "./refused-questions.ts";

/** The options of an examination, complete. Times are in milliseconds. */
export interface About {
  port: Pick<RedisPort, "cluster" | "visit">;
  security: ConnectionSecurity;
  keeps: Keeps;
  /** Of the stores' keys, without the prefix that the client itself adds. */
  prefixes: readonly string[];
  criticalOnly: boolean;
  commandTimeoutMs: number;
  askTimeoutMs: number;
  refused: RefusedQuestions | undefined;
}

/** Questions to a server, with the examination's own errors. */
export function askOf({ name, ask }: RedisServer, { askTimeoutMs, refused }: About): AskServer {
  const asking = namingSilence(ask, askTimeoutMs);
  return refused === undefined ? asking : askingOnce(asking, name, refused);
}
