import { packageBuild } from "../../tsup.shared.ts";

export default packageBuild(["src/index.ts", "src/evm/open-evm-ledger.ts", "src/upstream/open-upstream.ts"], {
  // Of their eight hundred files it uses little: bundled, each of the processes that tests start is up in half the time.
  noExternal: [/^viem/, /^@x402\/evm/],
});
