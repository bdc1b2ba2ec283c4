// Connections of our own, on real servers: what every provider over Redis must hold.
import { connectionSuite } from "@tollbooth-stores/test-support/suites";
import { inject } from "vitest";
import { createNodeRedisStores } from "./index.ts";

connectionSuite({
  name: "node-redis",
  shared: inject("redis"),
  open: (options) => createNodeRedisStores(options),
  module: new URL("../dist/index.js", import.meta.url).href,
  factory: "createNodeRedisStores",
});
