import type { Options } from "tsup";
import { isClean, packageBuild } from "../../tsup.shared.ts";

// Programs, not a library: each process is an entry. No package imports their types.
const processes = ["gateway", "simulated-ledger", "upstream"];
const programs = packageBuild(
  ["src/main.ts", "src/pay.ts", "src/drill/main.ts", ...processes.map((name) => `src/processes/${name}.ts`)],
  // The page below dist/dashboard is built at the same time, and cleans up after itself.
  { dts: false, clean: isClean() && ["!dashboard/**"] },
);

/** The dashboard's page: one script and one style sheet for browsers, with everything in them. */
const page: Options = {
  entry: { main: "src/dashboard/client/main.tsx" },
  outDir: "dist/dashboard",
  publicDir: "src/dashboard/client/public",
  tsconfig: "src/dashboard/client/tsconfig.json",
  format: ["esm"],
  target: "es2022",
  platform: "browser",
  noExternal: [/./],
  minify: true,
  splitting: false,
  clean: isClean(),
};

export default [programs, page];
