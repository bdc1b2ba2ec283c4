// Who can reach the server, whether a password and TLS are needed, and on which addresses it listens.
import { isIP } from "node:net";
import type { ConnectionSecurity } from "../redis-port.ts";
import { type Checked, failure, ok, unknown, warning } from "./finding.ts";
import type { ServerFacts } from "./server-facts.ts";

const SET_PASSWORD = "Set a password: `requirepass`, or `ACL SETUSER <name> resetpass >...`.";
const FORGERS = "Such a client can write a record that says that a payment was made, and read what was sold.";

/** `server`: "host:port", where the client tells it. */
export function checkUsers(
  facts: ServerFacts,
  { password }: Pick<ConnectionSecurity, "password">,
  server: string,
): Checked[] {
  const { users } = facts;
  if (users === undefined) {
    if (password !== false) return [unknown("no-password", "The users cannot be listed (ACL LIST).")];
    const message = `The server takes this connection without a password. ${FORGERS}`;
    return [open(facts, message, { names: ["default"], server })];
  }
  const names = users.filter((rules) => isOn(rules) && /\snopass\b/.test(rules)).map(nameOf);
  const found: Checked[] = [];
  if (names.length > 0) {
    const message = `These users need no password: ${names.join(", ")}. ${FORGERS}`;
    found.push(open(facts, message, { names, server }));
  }
  return found.length > 0 ? found : [ok("Every user needs a password.")];
}

/** The finding for users without a password. Protected mode protects the default user only. */
function open(
  { config, info }: ServerFacts,
  message: string,
  { names, server }: { readonly names: readonly string[]; readonly server: string },
): Checked {
  const isBound = isPublic(config("bind"));
  // A server that does not tell `bind` is no failure, unless this connection itself came in at a public address.
  const isReached = isBound ?? isPublicAddress(hostOf(server));
  if (isReached && !(names.includes("default") && isProtecting(config, info)))
    return failure(`no-password-public: ${names.join(", ")}`, message, SET_PASSWORD);
  const whence = isBound === undefined ? " Who can reach it is not told (CONFIG GET bind)." : "";
  return warning(`no-password: ${names.join(", ")}`, `${message}${whence}`, SET_PASSWORD);
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
    return unknown("listening", "The addresses that the server listens on cannot be asked (CONFIG GET bind).");
  if (!isOpen) return ok("The server listens on loopback or private addresses only.");
  const without = isProtecting(config, info)
    ? "Protected mode refuses clients from elsewhere only while no password is set."
    : "Protected mode refuses nothing.";
  return warning(
    "listening",
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

const hostOf = (server: string) => server.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");

/** False for a host name: it does not tell whether its address is public. */
function isPublicAddress(host: string): boolean {
  return isIP(host) !== 0 && !LOCAL.test(host) && !PRIVATE.test(host) && !/^[0:.]+$/.test(host);
}

/** `server`: "host:port", where the client tells it. */
export function checkTls({ tls }: Pick<ConnectionSecurity, "tls">, server: string): Checked {
  if (tls === undefined) return unknown("encryption", "The client does not tell whether it speaks TLS.");
  if (tls === true) return ok("The connection is encrypted, and the server's certificate is checked.");
  if (tls === "unverified") {
    return warning(
      "certificate",
      "Any certificate is accepted: a machine in between can read the password, and answer that a payment is new.",
      "Leave tls.rejectUnauthorized out, and set tls.ca (`tls.caFile` in a configuration) to the server's authority.",
    );
  }
  if (LOCAL.test(hostOf(server))) return ok("The connection is not encrypted, and does not leave this machine.");
  return warning(
    "encryption",
    "The connection is not encrypted: every machine on the way can read the password and what was sold, and change answers.",
    "Use rediss:// (or `tls: true`), or see that the network between gateway and server is yours alone.",
  );
}
