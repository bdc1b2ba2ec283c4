// A real EVM for tests: a chain of its own, a token with EIP-3009, and signed authorizations for it.
export { type Authorization, cancelCall, payerAccount, tokenAbi, transferCall } from "./authorization.ts";
export { type Compiled, type CompiledContract, compileToken } from "./compile-token.ts";
export { type Call, type Evm, openEvm } from "./open-evm.ts";
export { type RpcClient, rpcClient, RpcRefusal } from "./rpc-client.ts";
export { type Anvil, type AnvilOptions, startAnvil } from "./start-anvil.ts";
