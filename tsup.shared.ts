// The one build recipe of every published package: ESM for Node 20.19, with declarations.
import { defineConfig, type Options } from "tsup";

/** Whether a build empties its folder first. Not in `npm run dev`: tests that run beside it must find the last one's files. */
export function isClean(): boolean {
  return process.env.TOLLBOOTH_DEV === undefined;
}

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
    clean: isClean(),
    treeshake: true,
    ...more,
  });
}
