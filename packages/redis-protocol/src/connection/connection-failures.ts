// Why there is no connection, in a sentence that names the mend: for errors of sockets, of TLS, and of a login.
import { isStoreError, StoreError } from "@tollbooth-stores/core";
import { LoginRefused } from "./login-refused.ts";
import { Stalled } from "./stalled.ts";

interface Failure {
  /** Of an error's code or message. */
  pattern: RegExp;
  mend: string;
  /** Whether waiting does not mend it. Calls are then answered at once. */
  hopeless: boolean;
}

export const login = {
  WRONGPASS: "Redis refused the username or password; check `username` and `password` of the connection.",
  NOAUTH: "Redis asks for authentication; set `password` (and `username`) of the connection.",
  NOPERM: "This Redis user may not run the stores' commands; its ACL must allow EVALSHA, EVAL and the key prefix.",
};

/** For NOPERM: names the command, which Redis tells in its own words. The scripts' own rights are told together. */
export function missingRight(error: unknown): string {
  const [, command] = (error instanceof Error && /to run the '([a-z|]+)' command/.exec(error.message)) || [];
  if (command === undefined || command.startsWith("eval")) return login.NOPERM;
  const name = command.replace("|", " ").toUpperCase();
  return `This Redis user may not run ${name}, which the stores need; its ACL must allow it (+${command}).`;
}

const ADDRESS = "the connection's `url`, `host` and `port`, `cluster` or `sentinel.nodes`";

const failures: readonly Failure[] = [
  { pattern: /^WRONGPASS|^ERR invalid password/, mend: login.WRONGPASS, hopeless: true },
  { pattern: /^NOAUTH/, mend: login.NOAUTH, hopeless: true },
  {
    pattern: /^ERR (DB index|invalid DB index)/,
    mend: "Redis has no such database; check `db` of the connection.",
    hopeless: true,
  },
  {
    pattern: /^ERR SELECT is not allowed/,
    mend: "A Redis Cluster has no databases; describe the connection by `cluster`, without `db`.",
    hopeless: true,
  },
  {
    pattern: /^ERR_TLS_CERT_ALTNAME/,
    mend: "The server's certificate is for another name; check `host`, or set `tls.servername`. The nodes of a cluster must announce names that their certificates have.",
    hopeless: true,
  },
  {
    pattern: /^CERT_(HAS_EXPIRED|NOT_YET_VALID)/,
    mend: "The server's certificate has expired, or is not valid yet; renew it, and check this machine's clock.",
    hopeless: true,
  },
  {
    pattern: /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|ERR_TLS_CERT_|INVALID_CA|INVALID_PURPOSE)/,
    mend: "The server's certificate is not trusted; check `tls.ca` (`tls.caFile` in a configuration), or `tls.servername`, of the connection.",
    hopeless: true,
  },
  {
    pattern: /^(ERR_SSL_|EPROTO)/,
    mend: "TLS was not agreed on; check that the server listens for TLS on this port, and `tls` of the connection.",
    hopeless: true,
  },
  {
    pattern: /^(Protocol error, got|Unknown RESP type)/,
    mend: "What answered is not a Redis; check `host` and `port` of the connection.",
    hopeless: true,
  },
  {
    pattern: /max number of clients/,
    mend: "Redis takes no more connections; raise its maxclients, or close some.",
    hopeless: false,
  },
  {
    pattern: /^ECONNREFUSED/,
    mend: `Nothing listens there (ECONNREFUSED); is Redis running, and is the address right? Check ${ADDRESS}.`,
    hopeless: false,
  },
  {
    pattern: /^(ENOTFOUND|EAI_AGAIN)/,
    mend: `The host's name is not known (ENOTFOUND); check ${ADDRESS}.`,
    hopeless: false,
  },
  {
    pattern: /^(EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)/,
    mend: `The host does not answer; check the network, and ${ADDRESS}.`,
    hopeless: false,
  },
];

const closed: Omit<Failure, "pattern"> = {
  mend: `The server closed the connection. Does the port want TLS (\`tls\`, or rediss://)? Are there too many connections (maxclients)? Check ${ADDRESS}.`,
  hopeless: false,
};

function stalled({ phase, tls }: Stalled): Omit<Failure, "pattern"> {
  if (phase === "commands") {
    return {
      mend: "Redis accepted the connection and stopped answering; is it frozen, or the network cut?",
      hopeless: false,
    };
  }
  if (phase === "draining") {
    return {
      mend: "Earlier calls fill the connection: the server reads too slowly, or there are too many calls at once.",
      hopeless: false,
    };
  }
  if (phase === "pending") {
    return {
      mend: `The server has not answered yet. Is it a Redis, and does the port want TLS (\`tls\`, or rediss://)? Check ${ADDRESS}.`,
      hopeless: false,
    };
  }
  if (phase === "login") {
    return {
      mend: `The server accepted the connection and stays silent. Is it a Redis, and does the port want TLS (\`tls\`, or rediss://)? Check ${ADDRESS}.`,
      hopeless: false,
    };
  }
  return {
    mend: tls
      ? `TLS was not answered; does the server listen for TLS on this port? Check \`tls\`, and ${ADDRESS}.`
      : `The host does not answer; check the network, and ${ADDRESS}.`,
    hopeless: false,
  };
}

function failureOf(error: unknown): Omit<Failure, "pattern"> | undefined {
  if (error instanceof Stalled) return stalled(error);
  if (error instanceof LoginRefused) return { mend: login.WRONGPASS, hopeless: true };
  if (!(error instanceof Error)) return undefined;
  if (error.message.startsWith("NOPERM")) return { mend: missingRight(error), hopeless: true };
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const known = failures.find(({ pattern }) => pattern.test(code) || pattern.test(error.message));
  return known ?? (/ECONNRESET|EPIPE|closed|disconnected/i.test(`${code} ${error.message}`) ? closed : undefined);
}

/** The error to answer calls with at once, where a connection failed and waiting will not help; else undefined. */
export function hopelessConnection(error: unknown): StoreError | undefined {
  if (isStoreError(error)) return error;
  const failure = failureOf(error);
  return failure?.hopeless === true ? new StoreError("STORE_UNAVAILABLE", failure.mend, { cause: error }) : undefined;
}

/** The class and the code of an error's cause, where one of ours has a cause. */
function isRefusedCause(cause: unknown): boolean {
  if (!(cause instanceof Object)) return false;
  const [name, code]: unknown[] = [Reflect.get(cause, "name"), Reflect.get(cause, "code")];
  if (name === LoginRefused.name) return true;
  if (typeof code !== "string") return false;
  return code in login || failures.some(({ hopeless, pattern }) => hopeless && pattern.test(code));
}

/** Whether the cause is a setting, such as a login, a certificate or a database: waiting does not mend it. */
export function isConnectionRefused(error: unknown): boolean {
  if (isStoreError(error, "STORE_CONFIG")) return true;
  // Among our own errors are those of a failover, too, which passes.
  if (isStoreError(error)) return isRefusedCause(error.cause);
  return failureOf(error)?.hopeless === true;
}

/** Why there is no connection, and what mends it. */
export function connectionMend(error: unknown): string {
  if (isStoreError(error)) return error.message;
  return failureOf(error)?.mend ?? `Check ${ADDRESS}.`;
}
