// What sentinels say of a primary, and which of them to believe.
import { StoreError } from "@tollbooth-stores/core";
import type { ResolvedNode } from "./connection.ts";
import { addressOf } from "./establish.ts";
import type { RedisLink } from "./redis-link.ts";

/** One sentinel's answer. */
export interface SentinelAnswer {
  readonly primary: ResolvedNode;
  /** The configuration epoch: each failover raises it. */
  readonly epoch: number;
  /** A failover is under way, and this sentinel leads it: it knows the new primary before its epoch counts. */
  readonly leads: boolean;
}

/** Asks one sentinel. Rejects with a StoreError where it is none, or knows no such primary. */
export async function askSentinel(link: RedisLink, name: string): Promise<SentinelAnswer> {
  // The first command tells of a promoted replica earlier. The second is for the epoch, and may be forbidden.
  const [address, details] = await Promise.all([
    link.send(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", name]),
    link.send(["SENTINEL", "MASTER", name]).catch(() => []),
  ]).catch((error: unknown) => {
    throw sentinelRefusal(error);
  });
  const [host, port]: readonly unknown[] = Array.isArray(address) ? address : [];
  if (typeof host !== "string" || !Number.isInteger(Number(port))) {
    throw new StoreError(
      "STORE_UNAVAILABLE",
      "The sentinels know no primary by this name; check `sentinel.name` of the connection.",
    );
  }
  const fields: readonly unknown[] = Array.isArray(details) ? details : [];
  const field = (key: string) => String(fields[fields.indexOf(key) + 1] ?? "");
  return {
    primary: { host, port: Number(port) },
    epoch: fields.includes("config-epoch") ? Number(field("config-epoch")) : 0,
    leads: fields.includes("flags") && field("flags").includes("failover_in_progress"),
  };
}

/** A clear error where a sentinel refuses; otherwise the error itself. */
export function sentinelRefusal(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (/^ERR unknown command/i.test(error.message)) {
    return new StoreError(
      "STORE_UNAVAILABLE",
      "What `sentinel.nodes` names is no Sentinel; name the sentinels (port 26379), or use `url` or `host`.",
    );
  }
  if (/^(NOAUTH|WRONGPASS)/.test(error.message)) {
    return new StoreError(
      "STORE_UNAVAILABLE",
      "The sentinels refused the login; check `sentinel.username` and `sentinel.password` of the connection.",
      { cause: error },
    );
  }
  return error;
}

/**
 * The newest answer: of the highest epoch, and there of the sentinel that leads a failover. Where those name several
 * primaries, the one that most of them name.
 */
export function newest(answers: readonly SentinelAnswer[]): SentinelAnswer | undefined {
  const rank = ({ epoch, leads }: SentinelAnswer) => epoch + (leads ? 0.5 : 0);
  const highest = Math.max(...answers.map(rank));
  const best = answers.filter((answer) => rank(answer) === highest);
  const votes = (answer: SentinelAnswer) =>
    best.filter(({ primary }) => addressOf(primary) === addressOf(answer.primary)).length;
  return best.reduce<SentinelAnswer | undefined>(
    (most, answer) => (most === undefined || votes(answer) > votes(most) ? answer : most),
    undefined,
  );
}
