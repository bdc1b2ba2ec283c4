// Finds the primary that the sentinels name, and hears of failovers from all of them.
//
// A failover is heard before it happens: calls wait from the choice of the new primary until the switch, so that no write
// goes to a primary that is about to be discarded. Source: the Sentinel documentation's list of events.
import { isStoreError } from "@tollbooth-stores/core";
import type { ResolvedAccess, ResolvedNode } from "./connection.ts";
import { connectionEvents } from "./connection-events.ts";
import { addressOf, type Established, establish, type Use } from "./establish.ts";
import { type KeptConnection, keptConnection } from "./kept-connection.ts";
import type { RouteOptions } from "./route.ts";
import { askSentinel, newest, type SentinelAnswer, sentinelRefusal } from "./sentinel-answers.ts";

export interface SentinelWatch {
  /** The primary's address. Asks all sentinels; one that is silent delays nothing. Rejects when `signal` aborts. */
  find(signal: AbortSignal): Promise<ResolvedNode>;
  /** Asks the sentinels and tells the listener what they name. */
  look(): void;
  close(): void;
}

export interface SentinelNames {
  readonly name: string;
  readonly sentinels: readonly ResolvedNode[];
  readonly access: ResolvedAccess;
}

/** Told from any of the sentinels, so several times for one failover. */
export interface FailoverListener {
  /** The next primary has been chosen, and is about to be promoted. */
  begins(): void;
  /** The sentinels name a primary, perhaps another than before. */
  switched(primary: ResolvedNode): void;
  /** The failover failed. */
  aborted(): void;
}

/** Once a majority has answered, the others are waited for this long. */
const MAJORITY_PATIENCE_MS = 100;
/** Once one has answered, a majority is waited for this long. */
const MINORITY_PATIENCE_MS = 250;
/** Sentinels begin to listen at about the same time; they are asked once after it. */
const LISTENED_MS = 50;
const PING_EVERY_MS = 1_000;
const PONG_WITHIN_MS = 1_000;

const BEGINS = ["+failover-state-select-slave", "+failover-state-send-slaveof-noone"];
/** The sentinel that leads names the new primary from here on, though the switch comes later. */
const PROMOTED = ["+promoted-slave", "+failover-state-reconf-slaves"];
const ABORTED = ["-failover-abort-no-good-slave", "-failover-abort-slave-timeout", "-failover-abort-not-elected"];
const SWITCHED = "+switch-master";

export function sentinelWatch(
  { name, sentinels, access }: SentinelNames,
  { library, connectTimeoutMs, provider }: RouteOptions,
  listener: FailoverListener,
): SentinelWatch {
  let closed = false;
  let newestEpoch = 0;
  let looking: NodeJS.Timeout | undefined;
  const connect = async (node: ResolvedNode, signal: AbortSignal, use?: Use) =>
    establish(await library, { ...access, node }, connectTimeoutMs, signal, use).catch((error: unknown) => {
      throw sentinelRefusal(error);
    });
  const hear = (channel: string, message: string) => {
    const words = message.split(" ");
    if (channel === SWITCHED) {
      const [switched, , , host, port] = words;
      if (switched === name && host !== undefined) listener.switched({ host, port: Number(port) });
      return;
    }
    // "master <name> ..." or "slave <its name> <host> <port> @ <name> ..."
    const about = words[0] === "master" ? words[1] : words[words.indexOf("@") + 1];
    if (about !== name) return;
    if (BEGINS.includes(channel)) listener.begins();
    else if (PROMOTED.includes(channel)) lookSoon(0);
    else listener.aborted();
  };
  /** Asks the sentinels and tells what they name; once for several that begin to listen. */
  const lookSoon = (inMs: number) => {
    clearTimeout(looking);
    if (closed) return;
    looking = setTimeout(() => {
      find(AbortSignal.timeout(connectTimeoutMs)).then(
        (primary) => closed || listener.switched(primary),
        () => undefined,
      );
    }, inMs);
  };
  const listen = async (sentinel: ResolvedNode, signal: AbortSignal): Promise<Established> => {
    const channels = [SWITCHED, ...BEGINS, ...PROMOTED, ...ABORTED];
    const established = await connect(sentinel, signal, {
      hear,
      prepare: (link) => Promise.all(channels.map((channel) => link.subscribe(channel))),
    });
    // A switch may have happened while nothing was heard.
    lookSoon(LISTENED_MS);
    return established;
  };
  const find = (signal: AbortSignal): Promise<ResolvedNode> =>
    new Promise((resolve, reject) => {
      const answers: SentinelAnswer[] = [];
      const failures: unknown[] = [];
      const stop = new AbortController();
      let timer: NodeJS.Timeout | undefined;
      const decide = () => {
        const best = newest(answers);
        const isMajority = answers.length > sentinels.length / 2;
        if (best !== undefined && best.epoch < newestEpoch && !isMajority) {
          // Sentinels that are cut off name the primary of before the last failover.
          reject(new Error("The sentinels that answered know less than others did."));
        } else if (best !== undefined) {
          newestEpoch = best.epoch;
          resolve(best.primary);
        }
        // A sentinel that is one, but knows no such name, says more than one that is away.
        else reject(failures.find((failure) => isStoreError(failure)) ?? failures[0]);
        over();
      };
      const over = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
        stop.abort(new Error("The sentinels have answered."));
      };
      const abort = () => {
        reject(signal.reason);
        over();
      };
      const count = () => {
        if (stop.signal.aborted) return;
        if (answers.length + failures.length === sentinels.length) return decide();
        if (answers.length === 0) return;
        clearTimeout(timer);
        const isMajority = answers.length > sentinels.length / 2;
        timer = setTimeout(decide, isMajority ? MAJORITY_PATIENCE_MS : MINORITY_PATIENCE_MS);
      };
      signal.addEventListener("abort", abort, { once: true });
      if (signal.aborted) return abort();
      for (const sentinel of sentinels) {
        askOne(sentinel, stop.signal)
          .then(
            (answer) => answers.push(answer),
            (failure: unknown) => failures.push(failure),
          )
          .then(count);
      }
    });
  const askOne = async (sentinel: ResolvedNode, signal: AbortSignal): Promise<SentinelAnswer> => {
    const { link } = await connect(sentinel, signal);
    const end = () => link.destroy();
    signal.addEventListener("abort", end, { once: true });
    try {
      signal.throwIfAborted();
      return await askSentinel(link, name);
    } finally {
      signal.removeEventListener("abort", end);
      link.destroy();
    }
  };

  const watches: KeptConnection[] = sentinels.map((sentinel) =>
    keptConnection({
      connect: (signal) => listen(sentinel, signal),
      server: addressOf(sentinel),
      events: connectionEvents({ provider, purpose: "sentinel" }),
    }),
  );
  const pinging = setInterval(() => {
    for (const watch of watches) watch.send(AbortSignal.timeout(PONG_WITHIN_MS), ["PING"]).catch(() => undefined);
  }, PING_EVERY_MS);
  return {
    find,
    look: () => lookSoon(0),
    close() {
      if (closed) return;
      closed = true;
      clearInterval(pinging);
      clearTimeout(looking);
      for (const watch of watches) void watch.close();
    },
  };
}
