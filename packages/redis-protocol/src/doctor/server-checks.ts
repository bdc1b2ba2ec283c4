// What the server is, and who may reach it.
import { type Checked, failure, ok, unknown, warning } from "./finding.ts";
import type { ServerFacts } from "./server-facts.ts";

const FLOOR = { redis: [6, 2], valkey: [7, 2] } as const;
const SLOW_MS = 5;
const APART_MS = 1_000;

export function checkVersion({ info }: ServerFacts): Checked {
  const valkey = info("valkey_version");
  const version = valkey ?? info("redis_version");
  if (version === undefined)
    return unknown("The server does not tell its version; 6.2 is the oldest that is supported.");
  const [name, floor] = valkey === undefined ? (["Redis", FLOOR.redis] as const) : (["Valkey", FLOOR.valkey] as const);
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isOld = major < floor[0] || (major === floor[0] && minor < floor[1]);
  if (isOld) {
    return failure(
      `${name} ${version} is older than ${floor.join(".")}: every call is refused.`,
      "Upgrade the server.",
    );
  }
  return ok(`${name} ${version}`);
}

export function checkRole({ info }: ServerFacts): Checked {
  const role = info("role");
  if (role === undefined) return unknown("The server does not tell whether it is a primary.");
  if (role === "master") return ok("This is a primary.");
  return failure(
    "This is a replica: it takes no write, and what it answers may be old.",
    "Connect to the primary: its own address, the sentinels, or the cluster.",
  );
}

export function checkRoundTrip({ roundTripMs }: ServerFacts): Checked {
  const shown = `${roundTripMs.toFixed(2)} ms`;
  if (roundTripMs <= SLOW_MS) return ok(`The shortest round trip took ${shown}.`);
  return warning(
    `The shortest round trip took ${shown}. A paid request waits for about ten.`,
    "Run the server in the gateways' own region and network.",
  );
}

export function checkClock({ aheadMs }: ServerFacts): Checked {
  if (aheadMs === undefined) return unknown("The server's clock cannot be asked.");
  const apart = `The server's clock and this machine's are ${(Math.abs(aheadMs) / 1_000).toFixed(1)} s apart`;
  if (Math.abs(aheadMs) <= APART_MS) return ok(`${apart}.`);
  return warning(
    `${apart}. Limits and leases go by the server's; a payment's end by the chain's and the gateway's.`,
    "Synchronise both by NTP.",
  );
}

export function checkUsers({ users, info, config }: ServerFacts): Checked[] {
  if (users === undefined) return [unknown("The users cannot be listed (ACL LIST).")];
  const open = users.filter((rules) => isOn(rules) && /\snopass\b/.test(rules)).map(nameOf);
  const found: Checked[] = [];
  if (open.length > 0) {
    const message = `These users need no password: ${open.join(", ")}.`;
    const mend = "Set a password: `requirepass`, or `ACL SETUSER <name> resetpass >...`.";
    found.push(isPublic(config("bind")) === false ? warning(message, mend) : failure(message, mend));
  }
  if (dropsTransactions(users, info)) {
    found.push(
      failure(
        "The default user has no rights. This server loads its append-only file as that user, and drops every transaction in it at a restart: payments are forgotten.",
        "ACL SETUSER default off ~* &* +@all",
      ),
    );
  }
  return found.length > 0 ? found : [ok("Every user needs a password.")];
}

/** Redis 7.0 and 7.2, and Valkey up to 8.1, with an append-only file. */
function dropsTransactions(users: readonly string[], info: ServerFacts["info"]): boolean {
  const standard = users.find((rules) => nameOf(rules) === "default");
  if (standard === undefined || /\+@all\b/.test(standard) || info("aof_enabled") !== "1") return false;
  const valkey = info("valkey_version");
  return valkey === undefined ? /^7\./.test(info("redis_version") ?? "") : /^(7|8)\./.test(valkey);
}

const isOn = (rules: string) => /\son\s/.test(`${rules} `);
const nameOf = (rules: string) => rules.split(" ")[1] ?? "";

export function checkNetwork({ config }: ServerFacts): Checked {
  const isOpen = isPublic(config("bind"));
  if (isOpen === undefined)
    return unknown("The addresses that the server listens on cannot be asked (CONFIG GET bind).");
  if (!isOpen) return ok("The server listens on loopback or private addresses only.");
  if (config("protected-mode") === "yes")
    return ok("Protected mode refuses clients from elsewhere without a password.");
  return warning(
    "The server listens on every address, and protected mode is off.",
    "Bind it to a private address, and publish no port.",
  );
}

/** Undefined where the server does not say. */
function isPublic(bind: string | undefined): boolean | undefined {
  if (bind === undefined) return undefined;
  const addresses = bind.split(/\s+/).filter((address) => address !== "");
  if (addresses.length === 0) return true;
  return !addresses.every((address) =>
    /^-?(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|::1$|f[cd])/i.test(address),
  );
}
