// What stands around a gateway in tests and demonstrations. Everything here runs in the caller's process and listens on no port.
export { demoAccount, fundedAccounts, payerLabel, simulatedChain } from "./chain.ts";

// The simulated ledger with its facilitator. The API that is sold is in "@tollbooth-stores/sandbox/upstream", and starts without them.
export type { SandboxApp } from "./sandbox-app.ts";
export { openSandboxLedger, type SandboxLedger } from "./ledger/open-sandbox-ledger.ts";
export type { Ledger } from "./ledger/ledger.ts";
export { readLog } from "./append-log.ts";

// The buyer.
export { type Buyer, buyer } from "./buyer/paying-client.ts";

// What tests need of it.
export { type RunningSandbox, type SandboxControls, sandboxControls } from "./sandbox-controls.ts";
export { testConfig } from "./test-config.ts";
export { type Forgery, type MadePayment, makePayment, malleate, paymentHeader, payTo } from "./forge.ts";
export { addressSchema, bytes32Schema } from "./hex-schemas.ts";
