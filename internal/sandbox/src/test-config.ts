// The configuration of a gateway before the sandbox, as tests start from it.
import { payTo } from "./forge.ts";

/** A configuration in which nothing but what a test is about is in the way. */
export const testConfig: string = `
payTo: "${payTo}"
network: eip155:84532
facilitator: { url: "\${FACILITATOR_URL}", timeout: 5s }
sessionSecret: a secret for tests, and a long one
chain: { url: "\${CHAIN_URL}" }
upstream: { url: "\${UPSTREAM_URL}", timeout: 5s }
limits:
  perIp: { limit: 100000, window: 1m }
  perPayer: { limit: 1000, window: 1m }
routes:
  - { path: /quote, kind: per-request, price: "$0.01" }
  - { path: /report, kind: per-request, price: "$0.01" }
  - { path: /order, kind: per-request, method: POST, price: "$0.02" }
  - { path: /stream, kind: time-window, price: "$0.01", window: 10m }
  - { path: /search, kind: calls, price: "$0.01", calls: 3 }
stores: { provider: memory }
`;
