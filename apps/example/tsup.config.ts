import { packageBuild } from "../../tsup.shared.ts";

const library = ["src/index.ts", "src/listen.ts"];

export default packageBuild([...library, "src/gateway.ts"], {
  // The program of one gateway needs no types: it is run, not imported.
  dts: { entry: library },
  // Of their six hundred files it uses little: bundled, a gateway starts in half the time.
  noExternal: [/^viem/, /^@opentelemetry\//],
});
