// The used parts of Express, by shape: so that every copy and version of its types fits, and none is needed.
import type { IncomingMessage, ServerResponse } from "node:http";

export interface ExpressRequest extends IncomingMessage {
  /** Path and query as they were sent, whatever router is in between. */
  readonly originalUrl: string;
  /** What the routers that it went through have matched, and the path that is left to match. */
  readonly baseUrl: string;
  readonly path: string;
  /** The route whose handlers run, or the last one whose handlers ran. */
  readonly route?: unknown;
  body?: unknown;
}

export type NextFunction = (error?: unknown) => void;

/** A middleware. Express 5 hands what it rejects with to the error handlers. */
export type ExpressMiddleware<Request extends ExpressRequest = ExpressRequest> = (
  request: Request,
  response: ServerResponse,
  next: NextFunction,
) => Promise<void>;
