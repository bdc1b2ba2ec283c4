// What the ledger and the upstream have in common: an HTTP side that is on no port yet.

/** A part of the sandbox without a port. */
export interface SandboxApp {
  /** Its HTTP side. */
  fetch: (request: Request, env: object) => Response | Promise<Response>;
  /** Closes its logs. */
  close(): void;
}
