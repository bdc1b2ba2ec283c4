// The shop on Hono, paid on a real EVM: what is in a block there is final at once, as on the simulated chain.
import { openEvmLedger } from "@tollbooth-stores/sandbox/evm";
import { shopTests } from "./shop-tests.ts";

shopTests("shop-hono.ts", { open: (logs) => openEvmLedger(logs, { finalityBlocks: 0 }) });
