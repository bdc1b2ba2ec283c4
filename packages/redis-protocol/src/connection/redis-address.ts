// The address of a Redis in its written form, in code and in a document alike: a redis:// or rediss:// URL, or "host:port".

export interface RedisEndpoint {
  host: string;
  port: number;
}

/** The parts of a URL. */
export interface RedisUrl extends RedisEndpoint {
  username?: string;
  password?: string;
  db?: number;
  /** True for rediss:. */
  tls: boolean;
}

export const REDIS_PORT = 6_379;

/** The parts of a URL, or its problem. Never quotes the URL: it may hold a password. */
export function parseRedisUrl(written: string): RedisUrl | { problem: string } {
  const form = "redis://host:6379 or, with TLS, rediss://host:6379";
  if (written === "") return { problem: `is empty; is its environment variable set? It must be ${form}` };
  if (!/^rediss?:\/\//i.test(written)) return { problem: `must be ${form}` };
  const encode =
    "what is special in a URL (# / ? @ : %) must be percent-encoded in a user name or password; " +
    "or give host, username and password instead";
  if (/[?#]/.test(written)) return { problem: `must have no ? or #; ${encode}` };
  // Not Node's parser: it finds no host behind a scheme that it does not know, and checks a known scheme's host as
  // browsers do.
  const parts = splitUrl(written);
  if (parts === undefined) return { problem: `must be ${form}; ${encode}` };
  const { user, address, path } = parts;
  const endpoint = parseEndpoint(address, REDIS_PORT);
  if (endpoint === undefined) return { problem: `must be ${form}; ${encode}` };
  const db = path === "" || path === "/" ? undefined : /^\/(\d{1,6})$/.exec(path)?.[1];
  if (db === undefined && path !== "" && path !== "/")
    return { problem: "may end in /n, the number of a database, only" };
  const credentials = parseCredentials(user);
  if (credentials === undefined) return { problem: `must be ${form}; ${encode}` };
  return { ...endpoint, ...credentials, ...(db !== undefined && { db: Number(db) }), tls: /^rediss/i.test(written) };
}

function splitUrl(written: string): { user: string; address: string; path: string } | undefined {
  const match = /^rediss?:\/\/(?:([^@/]*)@)?([^@/]+)(\/[^@]*)?$/i.exec(written);
  return match === null ? undefined : { user: match[1] ?? "", address: match[2] ?? "", path: match[3] ?? "" };
}

function parseCredentials(user: string): { username?: string; password?: string } | undefined {
  const colon = user.indexOf(":");
  try {
    const username = decodeURIComponent(colon === -1 ? user : user.slice(0, colon));
    const password = decodeURIComponent(colon === -1 ? "" : user.slice(colon + 1));
    return { ...(username !== "" && { username }), ...(password !== "" && { password }) };
  } catch {
    return undefined;
  }
}

/** "host", "host:port" or "[::1]:port". Undefined for any other form. */
export function parseEndpoint(written: string, defaultPort: number): RedisEndpoint | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/@[\]]+))(?::(\d{1,5}))?$/.exec(written);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined) return undefined;
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  return port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

/** A URL as `describe()` may show it: without user and password. */
export function shownUrl(written: string): string {
  const parsed = parseRedisUrl(written);
  if ("problem" in parsed) return "***";
  const { host, port, db, tls } = parsed;
  return `${tls ? "rediss" : "redis"}://${host.includes(":") ? `[${host}]` : host}:${port}${db === undefined ? "" : `/${db}`}`;
}
