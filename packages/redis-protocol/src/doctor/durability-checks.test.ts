// What the checks of disks and replicas make of what a server says of itself. Real servers are asked by the doctor's suites.
import { checkPersistence, checkReplication } from "./durability-checks.ts";
import { type Fields, type Said, serverSaying as saying, table } from "./server-saying.test-support.ts";

const AOF = { aof_enabled: "1" };
const EVERYSEC = { appendfsync: "everysec", save: "3600 1" };
const onDisk = ["ok", /on disk every second/] as const;
const FAILED = { aof_last_bgrewrite_status: "err" };
const UNWRITTEN = {
  ...{ aof_last_bgrewrite_status: "ok", aof_base_size: "0", aof_current_size: "0" },
  ...{ aof_rewrite_scheduled: "0", aof_rewrite_in_progress: "0" },
};
const REFUSING = { "stop-writes-on-bgsave-error": "yes" };
const persistence = ({ info = {}, config = {} }: Pick<Said, "info" | "config">) =>
  checkPersistence(saying({ info: { ...AOF, ...info }, config: { ...EVERYSEC, ...config } }), "money");
const noAof = ({ info = {}, config = {} }: Pick<Said, "info" | "config">) =>
  checkPersistence(saying({ info: { aof_enabled: "0", ...info }, config }), "money");

table([
  ["AOF: each second", persistence({}), [onDisk]],
  ["AOF: before each answer", persistence({ config: { appendfsync: "always" } }), [["ok", /before each answer/]]],
  ["AOF: never", persistence({ config: { appendfsync: "no" } }), [["error", /appendfsync is no/]]],
  ["AOF: appendfsync is not told", checkPersistence(saying({ info: AOF }), "money"), [["unknown", /appendfsync/]]],
  [
    "AOF: the last write failed",
    persistence({ info: { aof_last_write_status: "err" } }),
    [["error", /writes are refused/], onDisk],
  ],
  ["AOF: the last write went well", persistence({ info: { aof_last_write_status: "ok" } }), [onDisk]],
  [
    "AOF: the last rewrite failed",
    persistence({ info: { aof_last_bgrewrite_status: "err" } }),
    [["warning", /could not be rewritten/], onDisk],
  ],
  ["AOF: the last rewrite went well", persistence({ info: { aof_last_bgrewrite_status: "ok" } }), [onDisk]],
  [
    "AOF: the last snapshot failed, which stops writes",
    persistence({ info: { rdb_last_bgsave_status: "err" }, config: REFUSING }),
    [["error", /MISCONF/], onDisk],
  ],
  [
    "AOF: the last snapshot failed, which stops none",
    persistence({
      info: { rdb_last_bgsave_status: "err" },
      config: { "stop-writes-on-bgsave-error": "no" },
    }),
    [onDisk],
  ],
  [
    "AOF: the last snapshot failed; whether that stops writes is not told",
    persistence({ info: { rdb_last_bgsave_status: "err" } }),
    [["warning", /MISCONF.*unless.*not told/], onDisk],
  ],
  [
    "AOF: the last snapshot failed; whether more are made is not told",
    checkPersistence(
      saying({ info: { ...AOF, rdb_last_bgsave_status: "err" }, config: { ...REFUSING, appendfsync: "everysec" } }),
      "money",
    ),
    [["warning", /MISCONF.*unless/], onDisk],
  ],
  [
    "AOF: switched on, and its first rewrite fails",
    persistence({ info: { ...UNWRITTEN, ...FAILED, aof_rewrite_scheduled: "1" } }),
    [["error", /not written: its first rewrite fails/]],
  ],
  [
    "AOF: the same while it is tried again",
    persistence({ info: { ...UNWRITTEN, ...FAILED, aof_current_size: "9", aof_rewrite_in_progress: "1" } }),
    [["error", /not written/]],
  ],
  [
    "AOF: switched on again, and its rewrite fails",
    persistence({ info: { ...UNWRITTEN, ...FAILED, aof_base_size: "88", aof_rewrite_scheduled: "1" } }),
    [["error", /not written/]],
  ],
  [
    "AOF: switched on, and its first rewrite fails, for limits alone",
    checkPersistence(saying({ info: { ...AOF, ...UNWRITTEN, ...FAILED }, config: EVERYSEC }), "limits"),
    [["warning", /not written/]],
  ],
  [
    "AOF: switched on, and its first rewrite is scheduled",
    persistence({ info: { ...UNWRITTEN, aof_rewrite_scheduled: "1" } }),
    [["warning", /under way/]],
  ],
  [
    "AOF: switched on, and its first rewrite is in progress",
    persistence({ info: { ...UNWRITTEN, aof_rewrite_in_progress: "1" } }),
    [["warning", /under way/]],
  ],
  ["AOF: from the start, and nothing written yet", persistence({ info: UNWRITTEN }), [onDisk]],
  [
    "AOF: from the start, and a later rewrite failed",
    persistence({ info: { ...UNWRITTEN, ...FAILED, aof_current_size: "9" } }),
    [["warning", /could not be rewritten/], onDisk],
  ],
  [
    "AOF: the last snapshot failed, and none is made any more",
    persistence({ info: { rdb_last_bgsave_status: "err" }, config: { ...REFUSING, save: "" } }),
    [onDisk],
  ],
  [
    "AOF: not on disk while it is rewritten",
    persistence({ config: { "no-appendfsync-on-rewrite": "yes" } }),
    [onDisk, ["warning", /no-appendfsync-on-rewrite is yes/]],
  ],
  [
    "no AOF: the last snapshot failed",
    noAof({ info: { rdb_last_bgsave_status: "err" }, config: { "stop-writes-on-bgsave-error": "no" } }),
    [["error", /last snapshot failed: a crash forgets/]],
  ],
  [
    "no AOF: save is not told",
    noAof({ info: { rdb_last_bgsave_status: "ok" } }),
    [["unknown", /whether snapshots are made is not told/]],
  ],
  ["no AOF: no snapshots", noAof({ config: { save: "" } }), [["error", /Nothing is written to disk/]]],
  ["no AOF: snapshots", noAof({ config: { save: "3600 1" } }), [["error", /after the last snapshot/]]],
  [
    "no AOF: no snapshots, for limits alone",
    checkPersistence(saying({ info: { aof_enabled: "0" }, config: { save: "" } }), "limits"),
    [["warning", /Nothing is written/]],
  ],
]);

const replicas = (lag: number, config: Fields = {}, offset = "100") =>
  checkReplication(
    saying({
      info: {
        ...{ role: "master", connected_slaves: "2", master_repl_offset: offset },
        slave0: "ip=10.0.0.2,port=6379,state=online,offset=100,lag=0",
        slave1: `ip=10.0.0.3,port=6379,state=online,offset=90,lag=${lag}`,
      },
      config,
    }),
    "money",
  );
const GUARDED = { "min-replicas-to-write": "1", "min-replicas-max-lag": "10" };

const counting = (connected: string, lines: Fields = {}) =>
  checkReplication(saying({ info: { role: "master", connected_slaves: connected, ...lines } }), "limits");

table([
  [
    "replicas: a count beyond all reason",
    counting("100000000000"),
    [["unknown", /100000000000 replicas, and the server describes 0 of them\. /]],
  ],
  ["replicas: a count that is none", counting("many"), [["unknown", /count of replicas that is none: many/]]],
  ["replicas: a count below none", counting("-1"), [["unknown", /count of replicas that is none/]]],
  [
    "replicas: one of two is told",
    counting("2", { slave0: "lag=1" }),
    [["unknown", /2 replicas, and the server describes 1 of them: at most 1 s behind\. /]],
  ],
  ["replicas: offsets that are none", replicas(0, GUARDED, "x"), [["ok", /^2 replicas, at most 0 s behind\. /]]],
]);

table([
  [
    "replicas: one lags more than 10 s",
    replicas(11, GUARDED),
    [["warning", /at most 11 s and 10 bytes behind.*A failover now forgets/]],
  ],
  ["replicas: one lags 10 s", replicas(10, GUARDED), [["ok", /at most 10 s.*within 10 s/]]],
  [
    "replicas: min-replicas-to-write is not told",
    replicas(0),
    [["unknown", /does not tell its min-replicas-to-write/]],
  ],
  [
    "replicas: min-replicas-to-write is 0",
    replicas(0, { "min-replicas-to-write": "0" }),
    [["warning", /min-replicas-to-write is 0/]],
  ],
  [
    "replicas: min-replicas-max-lag is 0",
    replicas(0, { ...GUARDED, "min-replicas-max-lag": "0" }),
    [["warning", /goes on taking payments/]],
  ],
  [
    "replicas: min-replicas-max-lag is above what lags",
    replicas(0, { ...GUARDED, "min-replicas-max-lag": "86400" }),
    [["warning", /within 86400 s.*served again/]],
  ],
  [
    "replicas: min-replicas-max-lag is not told",
    replicas(0, { "min-replicas-to-write": "1" }),
    [["unknown", /does not tell its min-replicas-max-lag/]],
  ],
  [
    "replicas: too few keep up",
    checkReplication(
      saying({ info: { role: "master", connected_slaves: "0", min_slaves_good_slaves: "0" }, config: GUARDED }),
      "money",
    ),
    [["error", /0 replicas of the 1.*writes are refused/]],
  ],
]);
