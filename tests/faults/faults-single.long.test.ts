// Every fault on one server, once with both clients.
import { playsAllOn } from "./run/play-all.test-support.ts";

playsAllOn("single");
