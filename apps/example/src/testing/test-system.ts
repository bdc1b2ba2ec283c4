// The gateway before a sandbox of its own, all in the test's process but over real sockets: started once for a test file.
import { type RunningSandbox, type SandboxControls, sandboxControls, testConfig } from "@tollbooth-stores/sandbox";
import type { Logger } from "pino";
import { afterAll, afterEach, beforeAll } from "vitest";
import { type ServedGateway, serveGateway } from "./serve-gateway.ts";
import { type StartedSandbox, startLaneSandbox } from "./start-sandbox.ts";
import { onTheseStores } from "./stores-under-test.ts";

export interface TestSystem extends SandboxControls {
  /** The gateway's address. */
  url(path?: string): string;
  metricsUrl(): string;
  running(): RunningSandbox;
}

/** Registers the hooks; call it once at a test file's top level. Faults end with the test that asked for them. */
export function testSystem(config: string = testConfig, log?: Logger): TestSystem {
  let sandbox: StartedSandbox | undefined;
  let gateway: ServedGateway | undefined;
  const running = () => {
    if (sandbox === undefined) throw new Error("The system is not running.");
    return sandbox;
  };
  const controls = sandboxControls(running);

  beforeAll(async () => {
    sandbox = await startLaneSandbox();
    gateway = await serveGateway(onTheseStores(config), sandbox.env, log);
  });
  afterEach(() => controls.reset());
  afterAll(async () => {
    await gateway?.stop();
    await sandbox?.stop();
  });

  return {
    ...controls,
    running,
    metricsUrl() {
      if (gateway?.metricsUrl === undefined) throw new Error("The configuration has no metrics.");
      return gateway.metricsUrl;
    },
    url(path = "") {
      if (gateway === undefined) throw new Error("The system is not running.");
      return gateway.url + path;
    },
  };
}
