// A vitest globalSetup: one server of each kind for a package's whole run, told to its tests by inject("redis").
import type { TestProject } from "vitest/node";
import type { RedisEndpoint } from "./resp-command.ts";
import { startRedis } from "./start-redis.ts";
import { startTlsRedis, type TlsEndpoint } from "./start-tls-redis.ts";

/** The servers that the tests of a run share. A test that stops, floods or configures one starts one of its own. */
export interface SharedRedis {
  readonly single: RedisEndpoint;
  /** TLS only, with an ACL user and password. */
  readonly tls: TlsEndpoint;
}

declare module "vitest" {
  interface ProvidedContext {
    redis: SharedRedis;
    /** Where a package runs its tests on several majors of a library: what this one is installed as. */
    library: string;
  }
}

/** Named by a vitest configuration: `globalSetup: "@tollbooth-stores/redis-testkit/global-setup"`. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [single, tls] = await Promise.all([startRedis(), startTlsRedis()]);
  // Only plain data reaches the workers.
  const { host, port, url } = single;
  const { username, password, ca } = tls;
  project.provide("redis", {
    single: { host, port, url },
    tls: { host: tls.host, port: tls.port, url: tls.url, username, password, ca },
  });
  return async () => {
    await Promise.all([single.stop(), tls.stop()]);
  };
}
