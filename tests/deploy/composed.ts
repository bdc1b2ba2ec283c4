// All of the Compose file but its balancer: the image's files, the environment of a gateway, and the Redis, with its very arguments.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningRedis, startRedis } from "@tollbooth-stores/redis-testkit";
import { type Compose, compose, exampleVariables } from "./files.ts";
import { type Image, makeImage, type Surroundings, startSurroundings } from "./running.ts";

export interface Composed {
  surroundings: Surroundings;
  image: Image;
  services: Compose["services"];
  redis: RunningRedis;
  /** Of Redis: what is the volume at /data there. */
  volume: string;
  /** Of a gateway. Its Redis is this machine's, its port any free one, and its drain short. */
  environment: Record<string, string>;
  stop(): Promise<void>;
}

export async function startComposed(): Promise<Composed> {
  const [surroundings, image] = await Promise.all([startSurroundings(), makeImage()]);
  const secrets = { REDIS_PASSWORD: "a".repeat(64), SESSION_SECRET: "b".repeat(64), KEY_SECRET: "c".repeat(64) };
  const variables = { ...exampleVariables(), ...secrets, ...surroundings.variables, ORIGIN: "https://api.example.com" };
  const { services } = compose(variables);
  const [program, ...args] = services.redis.command ?? [];
  if (program !== "redis-server") throw new Error(`The command of Redis begins with ${program}.`);
  const volume = mkdtempSync(join(tmpdir(), "tollbooth-volume-"));
  const redis = await startRedis({ args: [...args, "--dir", volume] });
  const { REDIS_URL = "", ...others } = services.gateway.environment ?? {};
  return {
    ...{ surroundings, image, services, redis, volume },
    environment: {
      ...others,
      REDIS_URL: REDIS_URL.replace("redis:6379", `127.0.0.1:${redis.port}`),
      ...{ HOST: "127.0.0.1", PORT: "0", DRAIN: "700ms", METRICS_HOST: "127.0.0.1", METRICS_PORT: "0" },
    },
    async stop() {
      await redis.stop();
      await surroundings.stop();
      image.remove();
      rmSync(volume, { recursive: true, force: true });
    },
  };
}
