// The one build recipe of every published package: ESM for Node 20.19, with declarations.
import { defineConfig, type Options } from "tsup";

/** A tsup configuration for the given entry points (default: src/index.ts). */
export function packageBuild(
  entry: readonly string[] = ["src/index.ts"],
  more: Partial<Options> = {},
): ReturnType<typeof defineConfig> {
  return defineConfig({
    entry: [...entry],
    format: ["esm"],
    target: "node20.19",
    platform: "node",
    dts: true,
    sourcemap: true,
    // `npm run dev` runs tests beside the builds: they must find the files of the last one.
    clean: process.env.TOLLBOOTH_DEV === undefined,
    treeshake: true,
    ...more,
  });
}
