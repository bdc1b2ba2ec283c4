// One connection that heals: made anew when it is lost, when it stays silent, and when it leads to the wrong server.
//
// A connection that leaves calls unanswered until their deadline is suspected. Calls wait then, and another connection is
// tried beside it. The first to answer carries on, and that may be the suspected one.
import { StoreError } from "@tollbooth-stores/core";
import { NotSent } from "../redis-port.ts";
import { connectionAttempts } from "./connection-attempts.ts";
import { type ConnectionEvents, reasonOf } from "./connection-events.ts";
import { hopelessConnection } from "./connection-failures.ts";
import { addressOf, type Established } from "./establish.ts";
import { Stalled } from "./stalled.ts";
import { waitingCalls } from "./waiting-calls.ts";
import { type WatchedLink, watchedLink } from "./watched-link.ts";

export interface KeptConnection {
  /** Resolves when a command would be written at once. Rejects where waiting will not help, and when `signal` aborts. */
  ready(signal: AbortSignal): Promise<void>;
  isUp(): boolean;
  /** The connection that is used now, also where calls have to wait. */
  established(): Established | undefined;
  /**
   * Commands, one after the other on one connection; mostly one. Resolves to the last one's reply. `signal` is the call's
   * deadline: a connection that is silent until then is suspected. Rejects with `NotSent` where nothing was written.
   */
  send(signal: AbortSignal, ...commands: (readonly string[])[]): Promise<unknown>;
  /** Why there is no connection; undefined while there is one. */
  error(): unknown;
  /** The number of the connection that `send` would use now. Each new one has the next number. */
  generation(): number;
  /**
   * Makes this connection anew, unless that was done within the last second and `always` is not set. Says whether it is
   * made anew, also where that is under way already.
   */
  giveUp(reason: string, generation: number, always?: boolean): boolean;
  /** Calls wait until `release`, or for `ms` at most: for a failover under way. `why` is told as the error. */
  hold(ms: number, why: StoreError): void;
  release(): void;
  /** Ends it. Unanswered calls get `graceMs` for their answers. Idempotent. */
  close(graceMs?: number): Promise<void>;
}

export interface KeptOptions {
  /** One attempt. Rejects when `signal` aborts, and leaves nothing open then. */
  connect(signal: AbortSignal): Promise<Established>;
  /** The address, where it is known before the attempt. */
  server?: string | undefined;
  events: ConnectionEvents;
  /** Told after each change between up and down. */
  changed?: ((up: boolean) => void) | undefined;
}

/** How often at most a connection is given up on request. */
const GIVE_UP_EVERY_MS = 1_000;
/** A connection suspected so often, with no call answered in time between, is replaced whatever it answers late. */
const MOST_SUSPICIONS = 3;
/** Bytes held here beyond which calls wait, so that little is ever held. */
const BACKED_UP = 16_384;
const DRAINED_LOOK_MS = 10;
/** How long they wait for the backlog to drain before the connection is made anew. */
const BACKED_UP_MS = 1_000;

/** Starts connecting at once. */
export function keptConnection({ connect, server, events, changed = () => {} }: KeptOptions): KeptConnection {
  const waiting = waitingCalls();
  let current: WatchedLink | undefined;
  let suspected = false;
  let suspicions = 0;
  let closed = false;
  let lastError: unknown;
  let generation = 0;
  let givenUpAtMs = -GIVE_UP_EVERY_MS;
  let holding: { timer: NodeJS.Timeout; why: StoreError } | undefined;
  let looking: NodeJS.Timeout | undefined;
  let backedUpAtMs: number | undefined;

  const isNeeded = () => !closed && (current === undefined || suspected);
  const isUp = () => current !== undefined && !suspected && holding === undefined && current.link.unsent() <= BACKED_UP;
  const refusal = () => {
    if (closed) return closedConnection();
    return current === undefined ? hopelessConnection(lastError) : undefined;
  };
  /** Lets the waiting calls go on, if they can; or go, if they cannot. */
  const settle = () => {
    const refused = refusal();
    if (refused === undefined && !isUp()) {
      // A library does not report the end of a backlog.
      if (waiting.count() > 0 && !isNeeded()) looking ??= setTimeout(look, DRAINED_LOOK_MS);
      return;
    }
    backedUpAtMs = undefined;
    waiting.endAll(refused);
  };
  const look = () => {
    looking = undefined;
    if (waiting.count() === 0) backedUpAtMs = undefined;
    else if (holding === undefined && current !== undefined && !suspected && !isUp()) {
      backedUpAtMs ??= performance.now();
      if (performance.now() - backedUpAtMs >= BACKED_UP_MS) current.link.destroy();
    }
    settle();
  };

  const up = (link: WatchedLink) => {
    suspected = false;
    lastError = undefined;
    attempts.abandon();
    events.ready(addressOf(link.node), link.identity);
    changed(true);
    settle();
  };
  const down = () => {
    changed(false);
    attempts.start();
    settle();
  };
  const adopt = (established: Established) => {
    const link = watchedLink(established, {
      answered(inTime) {
        if (link !== current) return;
        if (inTime) suspicions = 0;
        if (suspected && suspicions < MOST_SUSPICIONS) up(link);
      },
      silent() {
        if (link !== current || suspected || closed) return;
        suspected = true;
        suspicions += 1;
        lastError = new Stalled("commands", false);
        events.givenUp("no answer");
        down();
      },
    });
    current?.retire();
    current = link;
    suspicions = 0;
    backedUpAtMs = undefined;
    generation += 1;
    void established.link.ended.then((reason) => {
      if (link !== current || closed) return;
      current = undefined;
      suspected = false;
      // Not the reason itself: what broke once may work the next time, so calls wait.
      lastError = new Error("The connection was closed.", { cause: reason });
      events.lost(reasonOf(reason));
      down();
    });
    up(link);
  };
  const attempts = connectionAttempts({
    connect,
    isNeeded,
    starting: () => events.connecting(server),
    made: adopt,
    failed(error) {
      lastError = error;
      events.failed(reasonOf(error));
      settle();
    },
  });
  const release = () => {
    clearTimeout(holding?.timer);
    holding = undefined;
    settle();
  };

  attempts.start();
  return {
    isUp,
    established: () => current,
    error() {
      if (isNeeded()) return lastError ?? new Stalled("pending", false);
      return holding?.why ?? (isUp() ? undefined : new Stalled("draining", false));
    },
    release,
    send(signal, ...commands) {
      return current === undefined || !isUp() ? Promise.reject(new NotSent()) : current.send(commands, signal);
    },
    ready(signal) {
      if (isUp()) return Promise.resolve();
      const refused = refusal();
      if (refused !== undefined) return Promise.reject(refused);
      const turn = waiting.add(signal);
      if (!signal.aborted) settle();
      return turn;
    },
    generation: () => generation,
    giveUp(reason, meant, always = false) {
      const nowMs = performance.now();
      if (closed) return false;
      if (current === undefined || meant !== generation) return true;
      if (!always && nowMs - givenUpAtMs < GIVE_UP_EVERY_MS) return false;
      givenUpAtMs = nowMs;
      const old = current;
      current = undefined;
      suspected = false;
      old.retire();
      events.givenUp(reason);
      changed(false);
      // Attempts under way lead where this connection led.
      attempts.startAnew();
      settle();
      return true;
    },
    hold(ms, why) {
      if (closed) return;
      clearTimeout(holding?.timer);
      holding = { timer: setTimeout(release, ms), why };
    },
    async close(graceMs = 0) {
      if (closed) return;
      closed = true;
      events.closed();
      clearTimeout(holding?.timer);
      clearTimeout(looking);
      attempts.abandon();
      const last = current;
      current = undefined;
      settle();
      if (last === undefined) return;
      last.retire();
      if (last.unanswered() > 0 && !suspected && graceMs > 0) {
        const timer = setTimeout(() => last.link.destroy(), graceMs);
        await last.link.ended;
        clearTimeout(timer);
      }
      last.link.destroy();
    },
  };
}

export function closedConnection(): StoreError {
  return new StoreError("STORE_CLOSED", "The connection to Redis was closed.");
}
