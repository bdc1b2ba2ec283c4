// The public names of @tollbooth-stores/hono.
export { type PaidEnv, type PaidOptions, paid } from "./paid.ts";
export { clientIp, limit } from "./limit.ts";
export { type OptionalSessionEnv, type SessionEnv, sellSession, session, spend } from "./session.ts";
export {
  type ClientIpOptions,
  type CredentialOptions,
  type HeldSession,
  presentedSession,
  type RequestSession,
  type SellSessionOptions,
  type SessionCookie,
  type SessionOptions,
  type Spent,
  type SpendOptions,
  storeFailure,
} from "@tollbooth-stores/http";
