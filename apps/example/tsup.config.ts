import { packageBuild } from "../../tsup.shared.ts";

// The library, and the program of one gateway, whose types nobody imports.
export default packageBuild(["src/index.ts", "src/gateway/gateway.ts"], { dts: { entry: "src/index.ts" } });
