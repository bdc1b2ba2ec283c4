import { packageBuild } from "../../tsup.shared.ts";

const library = ["src/index.ts", "src/listen.ts"];

// The program of one gateway needs no types: it is run, not imported.
export default packageBuild([...library, "src/gateway.ts"], { dts: { entry: library } });
