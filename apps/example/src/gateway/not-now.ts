// What ends a request for now: it moved no money, and the same request may be sent again.

/** 503. The message is for the client. */
export class NotNow extends Error {
  override readonly name = "NotNow";
  readonly word: "facilitator_unavailable" | "chain_unavailable" | "too_many_unsettled";

  constructor(word: NotNow["word"], message: string) {
    super(message);
    this.word = word;
  }
}
