// An attempt to connect that got no answer in time.

export class Stalled extends Error {
  override readonly name = "Stalled";
  /** `phase`: what was not answered, TCP and TLS or the login. */
  constructor(
    readonly phase: "opening" | "login",
    readonly tls: boolean,
  ) {
    super("The server did not answer in time.");
  }
}
