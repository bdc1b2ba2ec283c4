// The API that is sold, opened on a folder for its log. The caller puts it on a port.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { appendLog } from "../append-log.ts";
import type { SandboxApp } from "../sandbox-app.ts";
import { upstreamApp } from "./upstream-app.ts";

/** Opens `upstream.jsonl`, creating it if need be. */
export function openUpstream(directory: string): SandboxApp {
  mkdirSync(directory, { recursive: true });
  const log = appendLog(join(directory, "upstream.jsonl"));
  return { fetch: upstreamApp(log).fetch, close: () => log.close() };
}
