// What each check makes of what a server says of itself. Real servers are asked by the doctor's suites.
import { expect, it } from "vitest";
import { checkNetwork, checkTls, checkUsers } from "./access-checks.ts";
import { checkCluster } from "./cluster-check.ts";
import { checkPersistence, checkReplication } from "./durability-checks.ts";
import type { Checked } from "./finding.ts";
import { checkEviction, checkMemory } from "./memory-checks.ts";
import { checkClock, checkRole, checkVersion } from "./server-checks.ts";
import type { ServerFacts } from "./server-facts.ts";

type Fields = Readonly<Record<string, string>>;

interface Said {
  info?: Fields;
  config?: Fields;
  cluster?: Fields;
  users?: readonly string[];
}

/** A server that says this, and nothing else. */
const saying = ({ info = {}, config = {}, cluster = {}, users }: Said): ServerFacts => ({
  info: (field) => info[field],
  config: (name) => config[name],
  cluster: (field) => cluster[field],
  users,
  user: undefined,
  roundTripMs: 1,
  aheadMs: undefined,
});

type Row = readonly [
  what: string,
  found: Checked | readonly Checked[],
  expected: readonly (readonly [string, RegExp])[],
];

function table(rows: readonly Row[]): void {
  it.each(rows)("%s", (_, found, expected) => {
    const seen = [found].flat().map(({ level, message }) => ({ level, message }));
    expect(seen).toEqual(expected.map(([level, message]) => ({ level, message: expect.stringMatching(message) })));
  });
}

const AOF = { aof_enabled: "1" };
const EVERYSEC = { appendfsync: "everysec", save: "3600 1" };
const onDisk = ["ok", /on disk every second/] as const;
const persistence = ({ info = {}, config = {} }: Pick<Said, "info" | "config">) =>
  checkPersistence(saying({ info: { ...AOF, ...info }, config: { ...EVERYSEC, ...config } }), "money");
const noAof = ({ info = {}, config = {} }: Pick<Said, "info" | "config">) =>
  checkPersistence(saying({ info: { aof_enabled: "0", ...info }, config }), "money");
const REFUSING = { "stop-writes-on-bgsave-error": "yes" };

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
    persistence({ info: { rdb_last_bgsave_status: "err" } }),
    [onDisk],
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
    noAof({ info: { rdb_last_bgsave_status: "err" } }),
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

const replicas = (lag: number, config: Fields = {}) =>
  checkReplication(
    saying({
      info: {
        ...{ role: "master", connected_slaves: "2", master_repl_offset: "100" },
        slave0: "ip=10.0.0.2,port=6379,state=online,offset=100,lag=0",
        slave1: `ip=10.0.0.3,port=6379,state=online,offset=90,lag=${lag}`,
      },
      config,
    }),
    "money",
  );
const GUARDED = { "min-replicas-to-write": "1", "min-replicas-max-lag": "10" };

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
    "replicas: too few keep up",
    checkReplication(
      saying({ info: { role: "master", connected_slaves: "0", min_slaves_good_slaves: "0" }, config: GUARDED }),
      "money",
    ),
    [["error", /0 replicas of the 1.*writes are refused/]],
  ],
]);

const memory = (used: number) => checkMemory(saying({ info: { used_memory: String(used), maxmemory: "10000" } }));

table([
  ["memory: just below 75 %", memory(7_499), [["ok", /75 %/]]],
  ["memory: 75 %", memory(7_500), [["warning", /75 %.*A full server refuses/]]],
  ["memory: just below 95 %", memory(9_499), [["warning", /A full server refuses/]]],
  ["memory: 95 %", memory(9_500), [["error", /95 %.*Writes are refused/]]],
  [
    "memory: no maxmemory",
    checkMemory(saying({ info: { used_memory: "1", maxmemory: "0" } })),
    [["warning", /maxmemory is not set/]],
  ],
  [
    "memory: more than the machine has",
    checkMemory(saying({ info: { used_memory: "1", maxmemory: "9", total_system_memory: "8" } })),
    [["warning", /The machine has/]],
  ],
]);

const WHOLE = { cluster_state: "ok", cluster_slots_assigned: "16384", cluster_size: "3", cluster_known_nodes: "6" };
const cluster = (changed: Fields) =>
  checkCluster(saying({ info: { cluster_enabled: "1" }, cluster: { ...WHOLE, ...changed } }), { isDescribed: true });

table([
  ["cluster: whole", cluster({}), [["ok", /complete: 3 primaries, 6 nodes/]]],
  [
    "cluster: whole, and no slot fails",
    cluster({ cluster_slots_fail: "0", cluster_slots_pfail: "0" }),
    [["ok", /complete/]],
  ],
  ["cluster: its state is fail", cluster({ cluster_state: "fail" }), [["error", /state is fail/]]],
  ["cluster: slots fail", cluster({ cluster_slots_fail: "2" }), [["error", /2 of them fail/]]],
  ["cluster: slots that may fail", cluster({ cluster_slots_pfail: "3" }), [["error", /3 of them fail/]]],
  ["cluster: slots without an owner", cluster({ cluster_slots_assigned: "16383" }), [["error", /16383 of 16384/]]],
  ["cluster: nothing is told", checkCluster(saying({}), { isDescribed: true }), [["unknown", /cluster's state/]]],
  [
    "cluster: its state is not told",
    checkCluster(saying({ info: { cluster_enabled: "1" } }), { isDescribed: true }),
    [["unknown", /CLUSTER INFO/]],
  ],
]);

const RIGHTLESS = "user default off nopass sanitize-payload resetchannels -@all";
const users = (rules: string, info: Fields) => checkUsers(saying({ users: [rules], info }), { password: true });
const loses = [["error", /drops every transaction/]] as const;
const fine = [["ok", /Every user needs a password/]] as const;

table([
  ["users: a default user that loses the AOF, Redis 7", users(RIGHTLESS, { ...AOF, redis_version: "7.2.4" }), loses],
  [
    "users: a default user that loses the AOF, Valkey 8",
    users(RIGHTLESS, { ...AOF, redis_version: "7.2.4", valkey_version: "8.0.1" }),
    loses,
  ],
  ["users: the same without AOF", users(RIGHTLESS, { aof_enabled: "0", redis_version: "7.2.4" }), fine],
  ["users: the same with Redis 6.2", users(RIGHTLESS, { ...AOF, redis_version: "6.2.14" }), fine],
  [
    "users: the same with Valkey 9",
    users(RIGHTLESS, { ...AOF, redis_version: "7.2.4", valkey_version: "9.0.0" }),
    fine,
  ],
  ["users: off, with all rights", users("user default off ~* &* +@all", { ...AOF, redis_version: "7.2.4" }), fine],
  ["users: not told", checkUsers(saying({}), { password: true }), [["unknown", /cannot be listed/]]],
  [
    "users: not told, and no password is needed",
    checkUsers(saying({}), { password: false }),
    [["error", /without a password/]],
  ],
]);

const bound = (bind: string, protect: Fields = {}) => checkNetwork(saying({ config: { bind, ...protect } }));
const openTo = (config: Fields, info: Fields = {}) =>
  checkUsers(saying({ users: ["user default on nopass ~* &* +@all"], config, info }), { password: undefined });

table([
  ["bind: not told", checkNetwork(saying({ config: { "protected-mode": "yes" } })), [["unknown", /CONFIG GET bind/]]],
  ["bind: loopback and a private address", bound("127.0.0.1 -::1 10.0.0.5"), [["ok", /private addresses only/]]],
  ["bind: one address of all is public", bound("127.0.0.1 203.0.113.5"), [["warning", /refuses nothing/]]],
  ["bind: empty", bound(""), [["warning", /every address/]]],
  [
    "bind: every address, and protected mode",
    bound("* -::*", { "protected-mode": "yes" }),
    [["warning", /only while no password is set/]],
  ],
  ["bind: every address, and protected mode is not told", bound("*"), [["warning", /refuses nothing/]]],
  ["no password: neither bind nor protected mode is told", openTo({}), [["error", /need no password/]]],
  [
    "no password: bind is not told, and protected mode refuses",
    openTo({ "protected-mode": "yes" }),
    [["warning", /need no password/]],
  ],
  [
    "no password: every address is bound, and protected mode counts before 7.0 only where none is",
    openTo({ bind: "0.0.0.0", "protected-mode": "yes" }, { redis_version: "6.2.16" }),
    [["error", /need no password/]],
  ],
  [
    "no password: no address is bound before 7.0, and protected mode refuses",
    openTo({ bind: "", "protected-mode": "yes" }, { redis_version: "6.2.16" }),
    [["warning", /need no password/]],
  ],
  ["no password: loopback only", openTo({ bind: "127.0.0.1" }), [["warning", /need no password/]]],
]);

table([
  ["TLS: not told", checkTls({ tls: undefined }, "127.0.0.1:6379"), [["unknown", /does not tell/]]],
  ["TLS: checked", checkTls({ tls: true }, "10.0.0.1:6379"), [["ok", /certificate is checked/]]],
  ["TLS: any certificate", checkTls({ tls: "unverified" }, "10.0.0.1:6379"), [["warning", /Any certificate/]]],
  ["TLS: none, on this machine", checkTls({ tls: false }, "[::1]:6379"), [["ok", /does not leave/]]],
  ["TLS: none, to another machine", checkTls({ tls: false }, "10.0.0.1:6379"), [["warning", /not encrypted/]]],
]);

// A user without the right to ask.
const nothing = saying({});

table([
  ["nothing is told: version", checkVersion(nothing), [["unknown", /version/]]],
  ["nothing is told: role", checkRole(nothing), [["unknown", /primary/]]],
  ["nothing is told: eviction", checkEviction(nothing, "money"), [["unknown", /maxmemory-policy/]]],
  ["nothing is told: persistence", checkPersistence(nothing, "money"), [["unknown", /disk/]]],
  ["nothing is told: replication", checkReplication(nothing, "money"), [["unknown", /replicas/]]],
  ["nothing is told: memory", checkMemory(nothing), [["unknown", /memory/]]],
  ["nothing is told: network", checkNetwork(nothing), [["unknown", /addresses/]]],
  ["nothing is told: clock", checkClock(nothing), [["unknown", /clock/]]],
]);
