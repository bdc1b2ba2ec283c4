// Every fault on a primary, two replicas and three sentinels, once with both clients.
import { playsAllOn } from "./run/play-all.test-support.ts";

playsAllOn("sentinel");
