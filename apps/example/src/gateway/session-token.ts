// The token that opens a paid session: issued by the gateway, impossible to guess, and the same however often it is made.
import { createHmac, randomBytes } from "node:crypto";

/** What a session remembers. */
export interface SessionData {
  /** Who paid for it: proven by the signature, never taken from a header. */
  payer: string;
}

const tokenPattern = /^[A-Za-z0-9_-]{43}$/;

/** The bearer token of an Authorization header, if it has the form of one of ours. */
export function bearerToken(authorization: string | undefined): string | undefined {
  const token = /^Bearer ([^ ]+)$/i.exec(authorization ?? "")?.[1];
  return token !== undefined && tokenPattern.test(token) ? token : undefined;
}

/** Makes tokens: an HMAC of the payment's key, so that a purchase that must be finished twice issues one token. */
export function tokenIssuer(secret: string | undefined): (paymentKey: string) => string {
  const key = secret ?? randomBytes(32);
  return (paymentKey) => createHmac("sha256", key).update(`session:${paymentKey}`).digest("base64url");
}

/** The session's id in the store: a token opens the route it was bought for and no other. */
export function sessionId(route: { method: string; path: string }, token: string): string {
  return `${route.method} ${route.path}:${token}`;
}
