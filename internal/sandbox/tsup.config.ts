import { packageBuild } from "../../tsup.shared.ts";

export default packageBuild(["src/index.ts", "src/evm/open-evm-ledger.ts", "src/upstream/open-upstream.ts"]);
