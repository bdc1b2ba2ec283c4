// The Dockerfile from its first RUN to its last: a bare copy of the repository is installed, built, and starts.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { root, stages } from "./files.ts";
import { makeImage, run } from "./running.ts";

it("a bare copy of the repository becomes the image's files, and these are a gateway", async () => {
  const copy = mkdtempSync(join(tmpdir(), "tollbooth-clone-"));
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
  const files = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0");
  for (const file of files) if (file !== "") cpSync(join(root, file), join(copy, file), { recursive: true });
  const [build = []] = stages();
  const runs = build.filter((instruction) => instruction.getKeyword() === "RUN");
  expect(runs).toHaveLength(2);
  const path = [dirname(process.execPath), process.env.PATH].join(":");
  const set = await run("sh", ["-c", runs[0]?.getRawArgumentsContent() ?? ""], copy, { PATH: path });
  expect([set.status, set.output]).toEqual([0, expect.anything()]);
  const image = await makeImage(copy);
  onTestFinished(() => image.remove());
  // It says what is missing in its environment, and ends with the status of a wrong configuration.
  const [, ...args] = image.cmd;
  const { status, output } = await run(process.execPath, args, image.app, image.env);
  expect(output).toMatch(/the variable ORIGIN is not set/);
  expect(status).toBe(2);
}, 600_000);
