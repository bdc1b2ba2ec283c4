// What the server may forget: by eviction, at a crash, in a failover.
import { type Checked, failure, ok, unknown, warning } from "./finding.ts";
import type { ServerFacts } from "./server-facts.ts";

/** What is kept there. A limit that is forgotten admits a client again; a forgotten marker serves a payment twice. */
export type Keeps = "money" | "limits";

const NOEVICTION = "CONFIG SET maxmemory-policy noeviction, and `maxmemory-policy noeviction` in redis.conf.";

export function checkEviction({ info, config }: ServerFacts, keeps: Keeps): Checked[] {
  const policy = info("maxmemory_policy") ?? config("maxmemory-policy");
  const evicted = Number(info("evicted_keys") ?? 0);
  const found: Checked[] = [];
  if (policy === undefined)
    found.push(unknown("The server does not tell its maxmemory-policy; it must be noeviction."));
  else if (policy === "noeviction") found.push(ok("maxmemory-policy is noeviction: a full server refuses writes."));
  else if (keeps === "limits") {
    found.push(
      warning(`maxmemory-policy is ${policy}: a full server forgets limits, and admits clients again.`, NOEVICTION),
    );
  } else {
    found.push(
      failure(
        `maxmemory-policy is ${policy}: a full server forgets payments and sessions, and serves a payment twice. ` +
          "Of 200 replay markers, allkeys-lru kept 20, volatile-lru 1 and volatile-ttl none.",
        NOEVICTION,
      ),
    );
  }
  if (evicted > 0) {
    const message = `The server has evicted ${evicted} keys since it started.`;
    found.push(keeps === "limits" ? warning(message, NOEVICTION) : failure(message, NOEVICTION));
  }
  return found;
}

const TIGHT = 0.75;
const FULL = 0.95;

export function checkMemory({ info }: ServerFacts): Checked {
  const used = Number(info("used_memory") ?? Number.NaN);
  const most = Number(info("maxmemory") ?? Number.NaN);
  if (Number.isNaN(used) || Number.isNaN(most)) return unknown("The server does not tell its memory.");
  if (most === 0) {
    return warning(
      `${megabytes(used)} are used, and maxmemory is not set: where memory ends, the system ends the server.`,
      "Set maxmemory below what the machine has, and noeviction.",
    );
  }
  const share = used / most;
  const shown = `${megabytes(used)} of ${megabytes(most)} are used (${Math.round(share * 100)} %).`;
  if (share < TIGHT) return ok(shown);
  const more = "Raise maxmemory; docs/scaling.md has the bytes of a payment.";
  return share < FULL ? warning(shown, more) : failure(`${shown} Writes are refused, or soon will be.`, more);
}

const megabytes = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MB`;

export function checkPersistence({ info, config }: ServerFacts, keeps: Keeps): Checked[] {
  const aof = info("aof_enabled");
  if (aof === undefined) return [unknown("The server does not tell what it writes to disk.")];
  const forgets = (message: string, mend: string) =>
    keeps === "limits" ? warning(message, mend) : failure(message, mend);
  if (aof !== "1") return [withoutAof({ info, config }, forgets)];
  const found: Checked[] = [];
  if (info("aof_last_write_status") === "err") {
    found.push(
      failure(
        "The last write to the append-only file failed: writes are refused.",
        "Look at the server's log and disk.",
      ),
    );
  }
  const fsync = config("appendfsync");
  if (fsync === "always") found.push(ok("Append-only file, on disk before each answer: a crash forgets nothing."));
  else if (fsync === "no") {
    found.push(
      forgets(
        "appendfsync is no: a crash of the machine forgets up to 30 seconds of payments.",
        "CONFIG SET appendfsync everysec (or always).",
      ),
    );
  } else if (fsync === "everysec") {
    found.push(
      ok(
        "Append-only file, on disk every second: a crash of the machine forgets up to 2 seconds, one of Redis nothing.",
      ),
    );
  } else found.push(unknown("Append-only file; the server does not tell its appendfsync."));
  return found;
}

function withoutAof(
  { info, config }: Pick<ServerFacts, "info" | "config">,
  forgets: (message: string, mend: string) => Checked,
): Checked {
  const mend = "CONFIG SET appendonly yes, and `appendonly yes` in redis.conf.";
  const save = config("save");
  const lastMs = Number(info("rdb_last_save_time") ?? Number.NaN) * 1_000;
  const age = Number.isNaN(lastMs)
    ? ""
    : ` The last one is ${Math.max(0, Math.round((Date.now() - lastMs) / 60_000))} minutes old.`;
  if (info("rdb_last_bgsave_status") === "err") {
    return forgets(
      `There is no append-only file, and the last snapshot failed: a crash forgets every payment since the one before.${age}`,
      mend,
    );
  }
  if (save === undefined) return unknown("There is no append-only file; whether snapshots are made is not told.");
  if (save === "") return forgets("Nothing is written to disk: a restart forgets every payment and session.", mend);
  return forgets(`There is no append-only file: a crash forgets what came after the last snapshot.${age}`, mend);
}

const LAGS_S = 10;

export function checkReplication({ info, config }: ServerFacts, keeps: Keeps): Checked {
  const count = info("connected_slaves");
  if (count === undefined) return unknown("The server does not tell its replicas.");
  if (info("role") !== "master") return ok("A replica has no replicas to ask for.");
  if (Number(count) === 0) return ok("There is no replica: if this server's disk is lost, so are its payments.");
  const replicas = Array.from({ length: Number(count) }, (_, at) => info(`slave${at}`) ?? "");
  const lags = replicas.map((line) => Number(/lag=(-?\d+)/.exec(line)?.[1] ?? Number.NaN));
  const slowest = Math.max(...lags.filter((lag) => !Number.isNaN(lag)), 0);
  const shown = `${count} replica${count === "1" ? "" : "s"}, at most ${slowest} s behind.`;
  if (slowest > LAGS_S) {
    return warning(`${shown} A failover now would forget all of that.`, "Look at the replicas' network and disks.");
  }
  const required = config("min-replicas-to-write");
  if (required === undefined) return unknown(`${shown} The server does not tell its min-replicas-to-write.`);
  const maxLag = config("min-replicas-max-lag") ?? "10";
  if (Number(required) > 0) {
    return ok(
      `${shown} Without ${required} of them within ${maxLag} s, writes are refused: a failover forgets no more than that.`,
    );
  }
  const message = `${shown} min-replicas-to-write is 0: a primary that is cut off goes on taking payments, which the failover forgets.`;
  return keeps === "limits"
    ? ok(shown)
    : warning(message, "CONFIG SET min-replicas-to-write 1 and min-replicas-max-lag 10.");
}
