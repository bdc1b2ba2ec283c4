// A connection that got no answer in time.

export class Stalled extends Error {
  override readonly name = "Stalled";
  /** `phase`: what was not answered: TCP and TLS, the login, or the calls after it. "pending": it is still awaited.
   * "draining": earlier calls fill the connection. */
  constructor(
    readonly phase: "pending" | "draining" | "opening" | "login" | "commands",
    readonly tls: boolean,
  ) {
    super("The server did not answer in time.");
  }
}
