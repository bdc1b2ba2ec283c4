// A fleet of which one part fails while another still starts: nothing is left behind.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { ChildFailed } from "../process/supervisor.ts";
import { allGone } from "../testing/run-main.ts";
import { startFleet } from "./start-fleet.ts";

test("an upstream that is slow to start is gone when the ledger could not be started", async () => {
  const folder = mkdtempSync(join(tmpdir(), "half-started-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const program = (name: string, code: string) => {
    mkdirSync(join(folder, "processes"), { recursive: true });
    writeFileSync(join(folder, "processes", `${name}.js`), code);
  };
  // The ledger fails as soon as there is an upstream, which serves a little later.
  const pidFile = join(folder, "pid");
  program(
    "simulated-ledger",
    `const { existsSync } = require("node:fs");
    setInterval(() => existsSync(${JSON.stringify(pidFile)}) && process.exit(3), 10);`,
  );
  program(
    "upstream",
    `require("node:fs").writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
    setTimeout(() => process.send({ ready: true, port: 1, url: "http://127.0.0.1:1" }), 300);
    process.on("SIGTERM", () => process.exit(0));
    process.on("message", () => undefined);`,
  );
  const programs = pathToFileURL(`${folder}/`);
  const fleet = startFleet({ programs, logDirectory: folder, configFile: "none", output: "ignore" });
  await expect(fleet).rejects.toBeInstanceOf(ChildFailed);
  await allGone([Number(readFileSync(pidFile, "utf8"))], 2_000);
});
