// How the limit by payer ends a payment that is being verified.

/** A payer's limit is used up; nothing was charged. */
export class PayerLimited extends Error {
  override readonly name = "PayerLimited";
  readonly headers: Readonly<Record<string, string>>;
  constructor(headers: Readonly<Record<string, string>>) {
    super("The payer's limit is used up.");
    this.headers = headers;
  }
}
