// The names of attributes. None of them ever holds a key, an id, a value or a secret: each has few values.

export const attribute = {
  store: "tollbooth.store",
  operation: "tollbooth.operation.name",
  provider: "tollbooth.provider",
  /** An operation's reply in a word, or how a payment ended. */
  outcome: "tollbooth.outcome",
  /** The code of a StoreError, or "OTHER". Only where there was an error. */
  errorType: "error.type",
  script: "tollbooth.script",
  paymentEvent: "tollbooth.payment.event",
  paymentKind: "tollbooth.payment.kind",
  connectionEvent: "tollbooth.connection.event",
  connectionState: "tollbooth.connection.state",
  purpose: "tollbooth.connection.purpose",
  /** "payments" or "redis". */
  sample: "tollbooth.sample.name",
  serverAddress: "server.address",
  serverPort: "server.port",
  /** On spans alone: the payment's handle names it for `resolvePayment`. It is no id of the payer's or the chain's. */
  handle: "tollbooth.payment.handle",
  attempt: "tollbooth.payment.attempt",
} as const;

/** The name of the meter and the tracer. */
export const scope = "@tollbooth-stores/otel";

/** Buckets of a store's calls, in seconds: from memory's microseconds to the deadline of a remote call. */
export const callSeconds: number[] = [
  ...[0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01],
  ...[0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
];

/** Buckets of what waits for others, in seconds: for another caller, a seller's handler, a facilitator, a chain. */
export const waitSeconds: number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
