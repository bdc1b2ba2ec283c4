// Who may reach the server, and who may read along.
import type { ConnectionSecurity } from "../redis-port.ts";
import { type Checked, failure, ok, unknown, warning } from "./finding.ts";
import type { ServerFacts } from "./server-facts.ts";

const SET_PASSWORD = "Set a password: `requirepass`, or `ACL SETUSER <name> resetpass >...`.";
const FORGERS = "Such a client can write a record that says that a payment was made, and read what was sold.";

export function checkUsers(facts: ServerFacts, { password }: Pick<ConnectionSecurity, "password">): Checked[] {
  const { users, info } = facts;
  if (users === undefined) {
    if (password !== false) return [unknown("The users cannot be listed (ACL LIST).")];
    return [open(facts, `The server takes this connection without a password. ${FORGERS}`, { isDefaultUser: true })];
  }
  const names = users.filter((rules) => isOn(rules) && /\snopass\b/.test(rules)).map(nameOf);
  const found: Checked[] = [];
  if (names.length > 0) {
    const message = `These users need no password: ${names.join(", ")}. ${FORGERS}`;
    found.push(open(facts, message, { isDefaultUser: names.includes("default") }));
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

/** Protected mode looks at the default user alone. */
function open(
  { config, info }: ServerFacts,
  message: string,
  { isDefaultUser }: { readonly isDefaultUser: boolean },
): Checked {
  const isReached = isPublic(config("bind")) !== false && !(isDefaultUser && isProtecting(config, info));
  return isReached ? failure(message, SET_PASSWORD) : warning(message, SET_PASSWORD);
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

/** Before 7.0 protected mode counts only where no address is bound. */
function isProtecting(config: ServerFacts["config"], info: ServerFacts["info"]): boolean {
  if (config("protected-mode") !== "yes") return false;
  return config("bind") === "" || !/^[3-6]\./.test(info("redis_version") ?? "");
}

export function checkNetwork({ config, info }: ServerFacts): Checked {
  const isOpen = isPublic(config("bind"));
  if (isOpen === undefined)
    return unknown("The addresses that the server listens on cannot be asked (CONFIG GET bind).");
  if (!isOpen) return ok("The server listens on loopback or private addresses only.");
  const without = isProtecting(config, info)
    ? "Protected mode refuses clients from elsewhere only while no password is set."
    : "Protected mode refuses nothing.";
  return warning(
    `The server listens on every address. ${without}`,
    "Bind it to a private address, and publish no port.",
  );
}

const LOCAL = /^-?(127\.|::1$|localhost$)/i;
const PRIVATE =
  /^-?(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|(f[cd]|fe8)[0-9a-f]*:)/i;

/** Undefined where the server does not say. */
function isPublic(bind: string | undefined): boolean | undefined {
  if (bind === undefined) return undefined;
  const addresses = bind.split(/\s+/).filter((address) => address !== "");
  if (addresses.length === 0) return true;
  return !addresses.every((address) => LOCAL.test(address) || PRIVATE.test(address));
}

/** `server`: "host:port", where the client tells it. */
export function checkTls({ tls }: Pick<ConnectionSecurity, "tls">, server: string): Checked {
  if (tls === undefined) return unknown("The client does not tell whether it speaks TLS.");
  if (tls === true) return ok("The connection is encrypted, and the server's certificate is checked.");
  if (tls === "unverified") {
    return warning(
      "Any certificate is accepted: a machine in between can read the password, and answer that a payment is new.",
      "Leave tls.rejectUnauthorized out, and set tls.ca to the server's authority.",
    );
  }
  const host = server.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  if (LOCAL.test(host)) return ok("The connection is not encrypted, and does not leave this machine.");
  return warning(
    "The connection is not encrypted: every machine on the way can read the password and what was sold, and change answers.",
    "Use rediss:// (or `tls: true`), or see that the network between gateway and server is yours alone.",
  );
}
