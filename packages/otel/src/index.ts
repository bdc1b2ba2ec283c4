// The public names of @tollbooth-stores/otel.
export { instrument, type InstrumentOptions, type Telemetry } from "./instrument.ts";
export type { AskedServer, RedisSampling } from "./redis-sampling.ts";
export type { PaymentSampling } from "./payment-sampling.ts";
export type { SamplingTimes } from "./sampler.ts";
