// What the server is, how far away, and how it tells the time.
import { type Checked, failure, NOTHING_SOLD, ok, unknown, warning } from "./finding.ts";
import type { ServerFacts } from "./server-facts.ts";

const FLOOR = { redis: [6, 2], valkey: [7, 2] } as const;
const CONNECT = "Connect to the primary: its own address, the sentinels, or the cluster.";
const SLOW_MS = 5;
const APART_MS = 1_000;

export function checkVersion({ info }: ServerFacts): Checked {
  const valkey = info("valkey_version");
  const version = valkey ?? info("redis_version");
  if (version === undefined)
    return unknown("version", "The server does not tell its version; 6.2 is the oldest that is supported.");
  const [name, floor] = valkey === undefined ? (["Redis", FLOOR.redis] as const) : (["Valkey", FLOOR.valkey] as const);
  const [major = Number.NaN, minor = 0] = version.split(".").map(Number);
  if (Number.isNaN(major)) return unknown("version", `The server tells a version that is none: ${version}`);
  const isOld = major < floor[0] || (major === floor[0] && minor < floor[1]);
  if (isOld) {
    return failure(
      "old",
      `${name} ${version} is older than ${floor.join(".")}: the stores refuse it. ${NOTHING_SOLD}`,
      "Upgrade the server.",
    );
  }
  return ok(`${name} ${version}`);
}

export function checkRole({ info }: ServerFacts): Checked {
  const role = info("role");
  // Valkey 8 calls it so.
  if ((info("server_mode") ?? info("redis_mode")) === "sentinel") {
    return failure(
      "sentinel",
      `This is a Sentinel, which keeps no data. ${NOTHING_SOLD}`,
      "Describe the connection by `sentinel: { name, nodes }`.",
    );
  }
  if (role === undefined) return unknown("role", "The server does not tell whether it is a primary.");
  if (role === "master") return ok("This is a primary.");
  if (role !== "slave") {
    return failure(
      "unknown-role",
      `The server calls itself ${role}, which is no primary: what it took may be dropped or replaced, and payments served twice.`,
      CONNECT,
    );
  }
  if (info("slave_read_only") === "0") {
    return failure(
      "writable-replica",
      "This is a replica that takes writes (replica-read-only no), and loses them when it synchronizes: the stores refuse it. " +
        NOTHING_SOLD,
      `${CONNECT} On the replica: CONFIG SET replica-read-only yes.`,
    );
  }
  return failure(
    "replica",
    `This is a replica: it takes no write, and what it answers may be old. ${NOTHING_SOLD}`,
    CONNECT,
  );
}

/** `commandTimeoutMs`: how long a call of the stores may take. */
export function checkRoundTrip({ roundTripMs }: ServerFacts, commandTimeoutMs: number): Checked {
  const shown = `The shortest round trip took ${roundTripMs.toFixed(2)} ms`;
  if (roundTripMs >= commandTimeoutMs) {
    return failure(
      "too-slow",
      `${shown}, and a call may take ${commandTimeoutMs} ms (commandTimeoutMs): every call fails, and may have taken effect. A payment may be verified and not served.`,
      "Run the server in the gateways' own region and network, or raise commandTimeoutMs.",
    );
  }
  if (roundTripMs <= SLOW_MS) return ok(`${shown}.`);
  const isTight = roundTripMs * 2 >= commandTimeoutMs;
  const tight = isTight ? ` A call may take ${commandTimeoutMs} ms (commandTimeoutMs): one that needs two fails.` : "";
  return warning(
    isTight ? "tight" : "slow",
    `${shown}. A paid request waits for about ten.${tight}`,
    "Run the server in the gateways' own region and network.",
  );
}

export function checkClock({ aheadMs }: ServerFacts): Checked {
  if (aheadMs === undefined) return unknown("clock", "The server's clock cannot be asked.");
  const apart = `The server's clock and this machine's are ${(Math.abs(aheadMs) / 1_000).toFixed(1)} s apart`;
  if (Math.abs(aheadMs) <= APART_MS) return ok(`${apart}.`);
  return warning(
    "apart",
    `${apart}. Limits and leases go by the server's; a payment's end by the chain's and the gateway's.`,
    "Synchronise both by NTP.",
  );
}
