// The public names of @tollbooth-stores/express.
export { type PaidOptions, paid, paymentOf } from "./paid.ts";
export { rawBody } from "./request-body.ts";
export { clientIp, limit } from "./limit.ts";
export { type SessionMiddleware, sellSession, session, spend } from "./session.ts";
export type { ExpressMiddleware, ExpressRequest, NextFunction } from "./express-types.ts";
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
