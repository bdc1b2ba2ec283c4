// The versions of the SDK that are promised are those that the tests run on: the lowest of the peer range, and the newest installed.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { x402ResourceServer } from "@x402/core/server";
import { expect, test } from "vitest";
import type { ViteUserConfig } from "vitest/config";
import { x402ResourceServer as lowestServer } from "x402-core-2.25/server";

const read = (path: string | URL): { [field: string]: unknown } => JSON.parse(readFileSync(path, "utf8"));
const { peerDependencies, devDependencies }: { [field: string]: unknown } = read(
  new URL("../package.json", import.meta.url),
);
const require = createRequire(import.meta.url);
/** Of what is installed by this name. */
const installed = (name: string) => read(require.resolve(`${name}/server`).replace(/dist\/.*$/, "package.json"));

test("the peer range is from 2.25.0 to below 3, and both its lowest version and a later one are installed for the lanes", () => {
  expect(peerDependencies).toMatchObject({ "@x402/core": ">=2.25.0 <3" });
  expect(devDependencies).toMatchObject({ "x402-core-2.25": "npm:@x402/core@2.25.0" });
  expect(installed("x402-core-2.25")).toMatchObject({ name: "@x402/core", version: "2.25.0" });
  expect(readFileSync(new URL("../README.md", import.meta.url), "utf8")).toContain(
    "`@x402/core` is 2.25 or a later 2.",
  );
  const { version } = installed("@x402/core");
  const [, major, minor] = /^(\d+)\.(\d+)\./.exec(String(version)) ?? [];
  expect([Number(major), Number(minor) > 25]).toEqual([2, true]);
});

test("each lane runs on the version that it is named after", ({ task }) => {
  const version = installed(Object.is(x402ResourceServer, lowestServer) ? "x402-core-2.25" : "@x402/core").version;
  expect(`@x402/core ${String(version)}`.startsWith(`${task.file.projectName}.`)).toBe(true);
});

test("there is a lane for each of them", async () => {
  const file = new URL("../vitest.config.ts", import.meta.url).pathname;
  const { default: config }: { default: ViteUserConfig } = await import(/* @vite-ignore */ file);
  const names = config.test?.projects?.map((project) => Object(project).test?.name);
  expect(names).toEqual(["@x402/core 2.27", "@x402/core 2.25"]);
});
