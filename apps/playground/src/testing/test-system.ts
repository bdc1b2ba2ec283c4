// The whole example as real processes on free ports, for one test file: started once, always stopped.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SandboxControls, sandboxControls, testConfig } from "@tollbooth-stores/sandbox";
import { afterAll, afterEach, beforeAll } from "vitest";
import { type Fleet, type FleetOptions, startFleet } from "../fleet/start-fleet.ts";

/** The built programs; the `test` task depends on `build`. */
export const programs: URL = new URL("../../dist/", import.meta.url);

export interface TestSystem extends SandboxControls {
  /** The gateway's address. */
  url(path?: string): string;
  running(): Fleet;
}

/** The configuration with its state in the Redis at `url`. */
export function onRedis(config: string, url: string): string {
  return config.replace("stores: { provider: memory }", `stores: { provider: ioredis, redis: { url: "${url}" } }`);
}

/** Registers the hooks; call it once at a test file's top level. Faults end with the test that asked for them. */
export function testSystem(config: string = testConfig, options: Partial<FleetOptions> = {}): TestSystem {
  let system: Fleet | undefined;
  let directory: string | undefined;
  const running = () => {
    if (system === undefined) throw new Error("The system is not running.");
    return system;
  };
  const controls = sandboxControls(() => ({ ...running(), logDirectory: directory ?? "" }));

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "tollbooth-test-"));
    const configFile = join(directory, "gateway.yaml");
    writeFileSync(configFile, config);
    system = await startFleet({ programs, logDirectory: directory, configFile, port: 0, ...options });
  }, 60_000);
  afterEach(() => controls.reset());
  afterAll(async () => {
    await system?.stop();
    if (directory !== undefined) rmSync(directory, { recursive: true });
  }, 60_000);

  return { ...controls, running, url: (path = "") => running().url + path };
}
