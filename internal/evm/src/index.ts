// A real EVM for tests: a chain of its own, a token with EIP-3009, and signed authorizations for it.
export { type Authorization, cancelCall, payerAccount, tokenAbi, transferCall } from "./authorization.ts";
export { type Call, type Evm, openEvm, type RpcClient } from "./open-evm.ts";
