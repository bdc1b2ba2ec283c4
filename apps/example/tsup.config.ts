import { packageBuild } from "../../tsup.shared.ts";

const library = ["src/index.ts", "src/listen.ts"];

// Nobody imports the types of the program of one gateway.
export default packageBuild([...library, "src/gateway.ts"], { dts: { entry: library } });
