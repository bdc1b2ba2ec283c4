// Where a session's id travels: in a cookie, or as a bearer token. What cannot be an id never reaches the store.
import { createHash } from "node:crypto";
import { StoreError } from "@tollbooth-stores/core";
import { checkArguments, type OptionNames, requireKnownOptions } from "@tollbooth-stores/core/native";
import { requireFlag } from "./option-types.ts";
import type { RequestAdapter } from "./paid-gate.ts";

export interface SessionCookie {
  /** Default "__Host-session": browsers take it only from this host, by https. Without `secure`, "session". */
  name?: string | undefined;
  /** Default "Lax": another site's forms do not send it. */
  sameSite?: "Lax" | "Strict" | undefined;
  /** Default true. false is for http on a developer's machine. */
  secure?: boolean | undefined;
  /** Seconds until a browser forgets it; a whole number from 1. Default: when the browser closes. The store decides in any case. */
  maxAgeSeconds?: number | undefined;
}

/** Either a cookie (the default) or `Authorization: Bearer <id>`; never both, so that one request has one session. */
export type CredentialOptions =
  | { cookie?: SessionCookie | undefined; bearer?: undefined }
  | { bearer: true; cookie?: undefined };

/** A request's headers, by lower-case names. */
export type HeaderReader = (name: string) => string | undefined;

export interface Credential {
  /** "missing": none was sent. "malformed": no id of ours looks like it. */
  read(header: HeaderReader): { status: "missing" | "malformed" } | { status: "ok"; id: string };
  /** The Set-Cookie line that tells an id, or with undefined forgets it. Undefined for bearer tokens. */
  cookieLine(id: string | undefined): string | undefined;
  /** What a 401 says of the credential. */
  readonly challenge: Readonly<Record<string, string>>;
}

/** What the store issues (`<19 characters>.<43 characters>`), and what `sellSession` makes (43 characters). */
const idForm = /^(?:[\w-]{19}\.)?[\w-]{43}$/;
const cookieName = /^[\w!#$%&'*+.^`|~-]{1,100}$/;

const cookieOptions: OptionNames<SessionCookie> = { name: true, sameSite: true, secure: true, maxAgeSeconds: true };

/** One object may hold the options of all that must have the same credential: `session`, `sellSession` and `soldSessions`. */
export const namesBesideCredential: Readonly<Record<string, true>> = {
  ...{ cookie: true, bearer: true, sessions: true, opens: true, touch: true, required: true },
  ...{ secret: true, grant: true, data: true, prolongs: true, forMs: true, gate: true },
};

/** Throws STORE_CONFIG for options that no browser or client could follow. */
export function credentialOf(options: CredentialOptions): Credential {
  if (options.bearer === undefined) return cookieCredential(options.cookie ?? {});
  if (options.bearer !== true) {
    throw new StoreError("STORE_CONFIG", "bearer must be true; leave it out for a cookie.");
  }
  if (options.cookie !== undefined) throw new StoreError("STORE_CONFIG", "Give either cookie or bearer, not both.");
  return bearerCredential;
}

/**
 * For a gate's `collector`, where `sellSession` prolongs the session that is presented: binds the payment to that session.
 * Without it a copy of the payment could prolong another one. A hash, never the id. Undefined where none is presented. Of the id that the
 * client shows, also where this request has moved the session: a client that lost the answer shows the same again.
 */
export function presentedSession(
  options: CredentialOptions,
): (context: { adapter: Pick<RequestAdapter, "getHeader"> }) => string | undefined {
  const credential = checkArguments("presentedSession", () => {
    const given = options ?? {};
    requireKnownOptions(given, namesBesideCredential);
    // With a store they are the options of its session, whose default is the cookie.
    if (!("cookie" in given || "bearer" in given || "sessions" in given)) {
      throw new StoreError(
        "STORE_CONFIG",
        "must be told where the session's id is: { bearer: true }, { cookie: {} } for the default cookie, or the options of sellSession.",
      );
    }
    return credentialOf(given);
  });
  return ({ adapter }) => {
    const presented = credential.read((name) => adapter.getHeader(name));
    if (presented.status !== "ok") return undefined;
    return createHash("sha256").update(`presented-session:${presented.id}`).digest("base64url");
  };
}

function ifWellFormed(id: string): { status: "malformed" } | { status: "ok"; id: string } {
  return idForm.test(id) ? { status: "ok", id } : { status: "malformed" };
}

const bearerCredential: Credential = {
  read(header) {
    const token = /^Bearer +(.*)$/is.exec(header("authorization") ?? "")?.[1];
    return token === undefined ? { status: "missing" } : ifWellFormed(token);
  },
  cookieLine: () => undefined,
  challenge: { "www-authenticate": "Bearer" },
};

function cookieCredential(cookie: SessionCookie): Credential {
  if (typeof cookie !== "object") {
    throw new StoreError("STORE_CONFIG", 'cookie must be an object, such as { name: "session" }.');
  }
  requireKnownOptions(cookie, cookieOptions, "cookie");
  requireFlag("cookie.secure", cookie.secure);
  const { secure = true, sameSite = "Lax", maxAgeSeconds } = cookie;
  const { name = secure ? "__Host-session" : "session" } = cookie;
  if (sameSite !== "Lax" && sameSite !== "Strict") {
    throw new StoreError("STORE_CONFIG", 'cookie.sameSite must be "Lax" or "Strict".');
  }
  if (typeof name !== "string" || !cookieName.test(name))
    throw new StoreError("STORE_CONFIG", "cookie.name must be 1 to 100 characters of a token.");
  if (!secure && /^__(host|secure)-/i.test(name)) {
    throw new StoreError(
      "STORE_CONFIG",
      "A cookie.name that begins with __Host- or __Secure- needs secure: browsers drop it.",
    );
  }
  if (maxAgeSeconds !== undefined && (!Number.isSafeInteger(maxAgeSeconds) || maxAgeSeconds < 1)) {
    throw new StoreError("STORE_CONFIG", "cookie.maxAgeSeconds must be a whole number of seconds, 1 or more.");
  }
  const attributes = `; Path=/; HttpOnly; SameSite=${sameSite}${secure ? "; Secure" : ""}`;
  const lasting = maxAgeSeconds === undefined ? "" : `; Max-Age=${maxAgeSeconds}`;
  return {
    read(header) {
      const prefix = `${name}=`;
      const sent = (header("cookie") ?? "").split(";").map((pair) => pair.trim());
      const [value, ...others] = new Set(
        sent.filter((pair) => pair.startsWith(prefix)).map((pair) => pair.slice(prefix.length)),
      );
      if (value === undefined) return { status: "missing" };
      // Two of one name: one was planted, by another path or a sister host.
      return others.length > 0 ? { status: "malformed" } : ifWellFormed(value);
    },
    cookieLine: (id) =>
      id === undefined ? `${name}=${attributes}; Max-Age=0` : `${name}=${id}${attributes}${lasting}`,
    challenge: {},
  };
}
