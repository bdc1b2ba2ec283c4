// What each check makes of what a server says of itself. Real servers are asked by the doctor's suites.
import { checkNetwork, checkTls, checkUsers } from "./access-checks.ts";
import { checkCluster } from "./cluster-check.ts";
import { checkPersistence, checkReplication } from "./durability-checks.ts";
import { checkEviction, checkMemory } from "./memory-checks.ts";
import { checkClock, checkRole, checkVersion } from "./server-checks.ts";
import { type Fields, serverSaying as saying, table } from "./server-saying.test-support.ts";

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

const role = (info: Fields) => checkRole(saying({ info }));

table([
  ["role: a primary", role({ role: "master" }), [["ok", /primary/]]],
  ["role: a read-only replica", role({ role: "slave", slave_read_only: "1" }), [["error", /takes no write.*nothing/]]],
  [
    "role: one that takes writes",
    role({ role: "slave", slave_read_only: "0" }),
    [["error", /takes writes.*loses them/]],
  ],
  ["role: an active replica", role({ role: "active-replica" }), [["error", /calls itself active-replica.*twice/]]],
]);

const HERE = "127.0.0.1:6379";
const unlisted = (server: string, info: Fields = {}) => checkUsers(saying({ info }), { password: false }, server);

table([
  [
    "users: each has a password",
    checkUsers(saying({ users: ["user default off ~* &* +@all"] }), { password: true }, HERE),
    [["ok", /Every user needs a password/]],
  ],
  ["users: not told", checkUsers(saying({}), { password: true }, HERE), [["unknown", /cannot be listed/]]],
  [
    "users: neither they nor bind are told, and no password is needed",
    unlisted(HERE),
    [["warning", /without a password.*Who can reach it is not told/]],
  ],
  ["users: the same by a name", unlisted("redis:6379"), [["warning", /without a password/]]],
  ["users: the same at a private address", unlisted("10.0.0.5:6379"), [["warning", /without a password/]]],
  ["users: the same at every address", unlisted("0.0.0.0:6379"), [["warning", /without a password/]]],
  ["users: the same at a public address", unlisted("203.0.113.5:6379"), [["error", /without a password/]]],
  ["users: the same at a public IPv6 address", unlisted("[2001:db8::5]:6379"), [["error", /without a password/]]],
]);

const bound = (bind: string, protect: Fields = {}) => checkNetwork(saying({ config: { bind, ...protect } }));
const openTo = (config: Fields, info: Fields = {}) =>
  checkUsers(saying({ users: ["user default on nopass ~* &* +@all"], config, info }), { password: undefined }, HERE);

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
  ["no password: neither bind nor protected mode is told", openTo({}), [["warning", /need no password.*not told/]]],
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
