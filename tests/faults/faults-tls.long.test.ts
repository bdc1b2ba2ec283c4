// Every fault on one server behind TLS, once with both clients.
import { playsAllOn } from "./run/play-all.test-support.ts";

playsAllOn("tls");
