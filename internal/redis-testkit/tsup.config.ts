import { packageBuild } from "../../tsup.shared.ts";

export default packageBuild([
  "src/index.ts",
  "src/servers.ts",
  "src/suites.ts",
  "src/global-setup.ts",
  "src/store-process-child.ts",
]);
