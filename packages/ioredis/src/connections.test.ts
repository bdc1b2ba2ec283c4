// Connections of our own, on real servers: what every provider over Redis must hold.
import { connectionSuite } from "@tollbooth-stores/test-support/suites";
import { inject } from "vitest";
import { createIoredisStores } from "./index.ts";

connectionSuite({
  name: "ioredis",
  shared: inject("redis"),
  open: (options) => createIoredisStores(options),
  module: new URL("../dist/index.js", import.meta.url).href,
  factory: "createIoredisStores",
});
