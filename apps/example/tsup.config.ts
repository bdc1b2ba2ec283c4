import { packageBuild } from "../../tsup.shared.ts";

// Programs, not a library: each process of the example is an entry, and nobody imports their types.
export default packageBuild(
  [
    "src/main.ts",
    "src/pay.ts",
    "src/gateway/gateway.ts",
    "src/simulated-ledger/simulated-ledger.ts",
    "src/upstream/upstream.ts",
  ],
  { dts: false },
);
