// What the server may forget at a crash, and in a failover.

import { type Checked, counted, failure, type Keeps, NOTHING_SOLD, ok, unknown, warning } from "./finding.ts";
import { replicaLines } from "./replica-addresses.ts";
import type { ServerFacts } from "./server-facts.ts";

export function checkPersistence(facts: ServerFacts, keeps: Keeps): Checked[] {
  const aof = facts.info("aof_enabled");
  if (aof === undefined) return [unknown("writing", "The server does not tell what it writes to disk.")];
  const forgets: Forgets = (topic, message, mend) =>
    keeps === "limits" ? warning(topic, message, mend) : failure(topic, message, mend);
  return [...failedWrites(facts), ...(aof === "1" ? withAof(facts, forgets) : [withoutAof(facts, forgets)])];
}

type Forgets = (topic: string, message: string, mend: string) => Checked;
const LOOK = "Look at the server's log and disk.";

/** A disk that fails makes Redis refuse writes. */
function failedWrites({ info, config }: ServerFacts): Checked[] {
  const found: Checked[] = [];
  if (info("aof_last_write_status") === "err") {
    found.push(
      failure("aof-write", `The last write to the append-only file failed: writes are refused. ${NOTHING_SOLD}`, LOOK),
    );
  }
  if (info("aof_last_bgrewrite_status") === "err" && firstRewrite(info) !== "failing") {
    found.push(
      warning(
        "aof-rewrite",
        "The append-only file could not be rewritten: it grows until the disk is full, and writes fail.",
        LOOK,
      ),
    );
  }
  if (info("rdb_last_bgsave_status") === "err") found.push(...failedSnapshot(config));
  return found;
}

function failedSnapshot(config: ServerFacts["config"]): Checked[] {
  const [stops, save] = [config("stop-writes-on-bgsave-error"), config("save")];
  const until = "The last snapshot failed, and writes are refused until one succeeds (MISCONF)";
  if (stops === "no" || save === "") return [];
  if (stops !== undefined && save !== undefined)
    return [failure("snapshot-stops-writes", `${until}. ${NOTHING_SOLD}`, LOOK)];
  return [
    warning(
      "snapshot-may-stop-writes",
      `${until}, unless stop-writes-on-bgsave-error is no or save is empty, which is not told. ${NOTHING_SOLD}`,
      `${LOOK} Try a write: check() of the stores makes one.`,
    ),
  ];
}

/**
 * The first rewrite of an append-only file that was switched on while the server ran. Nothing is on disk before it is done. Redis
 * schedules a failed first rewrite again, and no later one. Undefined: it is done.
 */
function firstRewrite(info: ServerFacts["info"]): "failing" | "under way" | undefined {
  const isScheduled = info("aof_rewrite_scheduled") === "1";
  const isDue = isScheduled || info("aof_rewrite_in_progress") === "1";
  const isEmpty = info("aof_base_size") === "0";
  if (info("aof_last_bgrewrite_status") === "err") {
    const isUnwritten = isEmpty && (isDue || info("aof_current_size") === "0");
    return isUnwritten || isScheduled ? "failing" : undefined;
  }
  return isEmpty && isDue ? "under way" : undefined;
}

function withAof({ config, info }: ServerFacts, forgets: Forgets): Checked[] {
  const first = firstRewrite(info);
  if (first === "failing") {
    return [
      forgets(
        "first-rewrite-failing",
        "The append-only file is switched on and not written: its first rewrite fails. " +
          "A crash forgets every payment since the last snapshot, or all of them, and serves them again.",
        `${LOOK} It is written once aof_last_bgrewrite_status of INFO is ok.`,
      ),
    ];
  }
  if (first === "under way") {
    return [
      warning(
        "first-rewrite",
        "The append-only file's first rewrite is under way: until it is done, a crash forgets payments, and serves them again.",
        "Ask again in a minute: aof_rewrite_scheduled and aof_rewrite_in_progress of INFO must be 0, aof_last_bgrewrite_status ok.",
      ),
    ];
  }
  const found: Checked[] = [];
  const fsync = config("appendfsync");
  if (fsync === "always") found.push(ok("Append-only file, on disk before each answer: a crash forgets nothing."));
  else if (fsync === "no") {
    found.push(
      forgets(
        "appendfsync",
        "appendfsync is no: a crash of the machine forgets up to 30 seconds of payments, which are then served again.",
        "CONFIG SET appendfsync everysec (or always).",
      ),
    );
  } else if (fsync === "everysec") {
    found.push(
      ok(
        "Append-only file, on disk every second: a crash of the machine forgets up to 2 seconds, one of Redis nothing.",
      ),
    );
  } else found.push(unknown("appendfsync", "Append-only file; the server does not tell its appendfsync."));
  if (config("no-appendfsync-on-rewrite") === "yes" && fsync !== "no") {
    found.push(
      warning(
        "appendfsync-on-rewrite",
        "no-appendfsync-on-rewrite is yes: while the file is rewritten, a crash of the machine forgets up to 30 seconds of payments.",
        "CONFIG SET no-appendfsync-on-rewrite no.",
      ),
    );
  }
  return found;
}

function withoutAof({ info, config, aheadMs }: ServerFacts, forgets: Forgets): Checked {
  const mend =
    "CONFIG SET appendonly yes, and `appendonly yes` in redis.conf. " +
    "Then run this again: nothing is on disk before the first rewrite has succeeded.";
  const save = config("save");
  const since = lastSnapshot(info, Date.now() + (aheadMs ?? 0));
  if (info("rdb_last_bgsave_status") === "err") {
    return forgets(
      "snapshot-failed",
      `There is no append-only file, and the last snapshot failed: a crash forgets every payment since the one before, and serves it again.${since}`,
      mend,
    );
  }
  if (save === undefined) {
    return unknown("snapshots", `There is no append-only file; whether snapshots are made is not told.${since}`);
  }
  if (save === "") {
    return forgets(
      "nothing-written",
      "Nothing is written to disk: a restart forgets every payment and session, and serves payments again.",
      mend,
    );
  }
  return forgets(
    "no-append-only-file",
    `There is no append-only file: a crash forgets the payments after the last snapshot, and serves them again.${since}`,
    mend,
  );
}

/** Before the first snapshot, INFO gives the time of the server's start. */
function lastSnapshot(info: ServerFacts["info"], serverNowMs: number): string {
  const lastMs = Number(info("rdb_last_save_time") ?? Number.NaN) * 1_000;
  if (Number.isNaN(lastMs)) return "";
  const minutes = Math.max(0, Math.round((serverNowMs - lastMs) / 60_000));
  const changes = Number(info("rdb_changes_since_last_save") ?? Number.NaN);
  const lost = Number.isNaN(changes) ? "" : `, ${counted(changes, "write")} ago`;
  return ` The last one (or the server's start) is ${counted(minutes, "minute")}${lost}.`;
}

const LAGS_S = 10;

export function checkReplication({ info, config }: ServerFacts, keeps: Keeps): Checked {
  const count = info("connected_slaves");
  if (count === undefined) return unknown("replicas", "The server does not tell its replicas.");
  if (info("role") !== "master") return ok("A replica has no replicas to ask for.");
  const required = config("min-replicas-to-write");
  const good = info("min_slaves_good_slaves");
  // INFO has this field only where min-replicas-to-write is above 0.
  if (good !== undefined && Number(good) < Number(required ?? 1)) {
    return failure(
      "too-few-replicas",
      `${counted(Number(good), "replica")} of the ${required ?? 1} that min-replicas-to-write asks for keep up: writes are refused. ${NOTHING_SOLD}`,
      "Bring the replicas back, and look at their network and disks.",
    );
  }
  if (!/^\d{1,15}$/.test(count))
    return unknown("replicas", `The server tells a count of replicas that is none: ${count}`);
  if (count === "0") return ok("There is no replica: if this server's disk is lost, so are its payments.");
  const { shown, slowest } = lagOf(info, Number(count));
  if (slowest > LAGS_S) {
    return warning(
      "lag",
      `${shown} A failover now forgets the payments of that time, and serves them again.`,
      "Look at the replicas' network and disks.",
    );
  }
  if (required === undefined)
    return unknown("min-replicas", `${shown} The server does not tell its min-replicas-to-write.`);
  const maxLag = config("min-replicas-max-lag");
  if (maxLag === undefined && required !== "0") {
    return unknown("max-lag", `${shown} The server does not tell its min-replicas-max-lag.`);
  }
  // A 0 in either setting switches the protection off.
  if (Number(required) > 0 && maxLag !== "0") {
    const refuses = `${shown} Without ${required} of them within ${maxLag} s, writes are refused: a failover forgets no more than that.`;
    return keeps === "limits" || Number(maxLag) <= LAGS_S
      ? ok(refuses)
      : warning("max-lag", `${refuses} What it forgets is served again.`, `CONFIG SET min-replicas-max-lag ${LAGS_S}.`);
  }
  if (keeps === "limits") return ok(shown);
  return warning(
    "min-replicas",
    `${shown} min-replicas-to-write is 0: a primary that is cut off goes on taking payments, which the failover forgets, and serves again.`,
    "CONFIG SET min-replicas-to-write 1 and min-replicas-max-lag 10.",
  );
}

function lagOf(info: ServerFacts["info"], count: number): { shown: string; slowest: number } {
  const replicas = replicaLines(info);
  const ofAll = (field: string) =>
    replicas.flatMap((line) => {
      const value = new RegExp(`\\b${field}=(-?\\d+)`).exec(line)?.[1];
      return value === undefined ? [] : [Number(value)];
    });
  const filling = replicas.filter((line) => /\bstate=/.test(line) && !line.includes("state=online")).length;
  const slowest = Math.max(0, ...ofAll("lag"));
  const offsets = ofAll("offset");
  const behind = Math.max(0, Number(info("master_repl_offset") ?? 0) - Math.min(...offsets));
  const bytes = Number.isFinite(behind) && offsets.length > 0 ? ` and ${counted(behind, "byte")}` : "";
  const notYet = filling === 0 ? "" : ` ${filling} of them ${filling === 1 ? "is" : "are"} being filled.`;
  const isAll = replicas.length === count;
  const all = `${counted(count, "replica")}, ${isAll ? "" : `and the server describes ${replicas.length} of them`}`;
  const lag = `${isAll ? "" : ": "}at most ${slowest} s${bytes} behind.${notYet}`;
  return { shown: replicas.length === 0 ? `${all}.` : all + lag, slowest };
}
