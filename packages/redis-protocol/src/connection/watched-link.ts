// One connection and its unanswered calls: tells when it answers and when it stays silent, and ends after its last answer.
import { NotSent } from "../redis-port.ts";
import type { Established } from "./establish.ts";
import { errorWord } from "./redis-errors.ts";
import type { RedisLink } from "./redis-link.ts";

export interface WatchedLink extends Established {
  /** Commands one after the other, written at once. Resolves to the last one's reply. `signal` is the deadline. */
  send(commands: readonly (readonly string[])[], signal: AbortSignal): Promise<unknown>;
  /** How many calls wait for their answers within their deadlines. */
  unanswered(): number;
  /** Destroys the connection as soon as no call waits for it. Send nothing any more. */
  retire(): void;
}

export interface Watcher {
  /** The server answered a call, within its deadline or after it. */
  answered(inTime: boolean): void;
  /** Nothing at all has been answered for a while: at a call's deadline, or after two seconds. */
  silent(): void;
}

/** Shorter silences are not told, whatever the deadlines of calls. */
const SILENT_MS = 200;
/** Longer ones are told though no deadline has passed. */
const LONG_SILENCE_MS = 2_000;

export function watchedLink(established: Established, { answered, silent }: Watcher): WatchedLink {
  const { link } = established;
  const unanswered = new Set<object>();
  /** Since when calls have waited and nothing was answered. */
  let silentSinceMs = Number.POSITIVE_INFINITY;
  /** Whether its last answer ends the connection. */
  let retired = false;
  let listening: NodeJS.Timeout | undefined;
  /** One timer a connection, set anew while calls wait. */
  const listen = () => {
    listening ??= setTimeout(() => {
      listening = undefined;
      if (unanswered.size === 0) return;
      if (performance.now() - silentSinceMs >= LONG_SILENCE_MS) silent();
      listen();
    }, LONG_SILENCE_MS).unref();
  };
  void link.ended.then(() => clearTimeout(listening));

  const endIfDone = () => {
    if (!retired || unanswered.size > 0) return;
    retired = false;
    link.destroy();
  };
  const hear = (inTime: boolean) => {
    silentSinceMs = unanswered.size > 0 ? performance.now() : Number.POSITIVE_INFINITY;
    answered(inTime);
  };
  const expire = () => {
    // Bytes that this process holds at their caller's deadline may never be sent.
    if (link.unsent() > 0) link.destroy();
    else if (performance.now() - silentSinceMs >= SILENT_MS) silent();
  };
  return {
    ...established,
    async send(commands, signal) {
      if (signal.aborted) throw new NotSent();
      const call = {};
      silentSinceMs = Math.min(silentSinceMs, performance.now());
      const done = () => {
        signal.removeEventListener("abort", expired);
        unanswered.delete(call);
        endIfDone();
      };
      const expired = () => {
        // An answer that has arrived already is read before this runs.
        setImmediate(() => {
          if (!unanswered.has(call)) return;
          done();
          expire();
        });
      };
      unanswered.add(call);
      listen();
      signal.addEventListener("abort", expired, { once: true });
      try {
        const [first] = commands;
        const isOne = first !== undefined && commands.length === 1;
        const reply = await (isOne ? link.send(first, signal) : inTurn(link, commands, signal));
        done();
        hear(!signal.aborted);
        return reply;
      } catch (error) {
        done();
        // A connection that takes no command any more is over, also where its library has not noticed.
        if (error instanceof NotSent && !signal.aborted) link.destroy();
        // A server's error is an answer. The end of the connection is none.
        if (errorWord(error) !== undefined) hear(!signal.aborted);
        throw error;
      }
    },
    unanswered: () => unanswered.size,
    retire() {
      retired = true;
      endIfDone();
    },
  };
}

/**
 * All are written at once. Where the last one was redirected, what was refused before it says why; otherwise its own reply
 * counts.
 */
async function inTurn(
  link: RedisLink,
  commands: readonly (readonly string[])[],
  signal: AbortSignal,
): Promise<unknown> {
  const replies = await Promise.allSettled(commands.map((words) => link.send(words, signal)));
  const last = replies.at(-1);
  if (last?.status !== "rejected") return last?.value;
  const isRedirected = errorWord(last.reason) === "MOVED" || errorWord(last.reason) === "ASK";
  throw (isRedirected && replies.find((reply) => reply.status === "rejected")?.reason) || last.reason;
}
