import { packageBuild } from "../../tsup.shared.ts";

const library = ["src/index.ts", "src/listen.ts"];

export default packageBuild([...library, "src/gateway.ts"], {
  // Nobody imports the types of the program of one gateway.
  dts: { entry: library },
  // Of their six hundred files it uses little: bundled, a gateway starts in half the time.
  noExternal: [/^viem/, /^@opentelemetry\//],
});
