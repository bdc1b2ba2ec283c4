// Every fault on a cluster of three primaries and three replicas, once with both clients.
import { playsAllOn } from "./run/play-all.test-support.ts";

playsAllOn("cluster");
