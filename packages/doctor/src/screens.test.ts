// The README's screens are what the command prints. `DOCTOR_SCREENS=write vitest run src/screens.test.ts` writes them anew.
import { readFileSync, writeFileSync } from "node:fs";
import { isRedis7OrNewer } from "@tollbooth-stores/redis-testkit";
import { afterAll, expect, it } from "vitest";
import { parse } from "yaml";
import { doctor, good, started } from "./doctor.test-support.ts";

const path = new URL("../README.md", import.meta.url);
const readme = readFileSync(path, "utf8");
let written = readme;
afterAll(() => {
  if (process.env.DOCTOR_SCREENS === "write") writeFileSync(path, written);
});

/** What differs between two machines and two runs is made alike. */
function alike(text: string): string {
  return text
    .replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:6379")
    .replace(/(Redis|Valkey) \d+\.\d+\.\d+/g, "Redis 7.0.15")
    .replace(/\d+\.\d\d ms/g, "0.25 ms")
    .replace(/\(\d %\)/g, "(1 %)")
    .replace(/\d\.\d MB( of [\d.]+ MB)?( are used)/g, "0.9 MB$1$2")
    .trim();
}

async function expectShown(name: string, printed: string): Promise<void> {
  const [start, end] = [`<!-- screen: ${name} -->\n\n\`\`\`text\n`, "\n```\n"];
  const from = readme.indexOf(start) + start.length;
  expect(from).toBeGreaterThan(start.length);
  const shown = readme.slice(from, readme.indexOf(end, from));
  if (process.env.DOCTOR_SCREENS === "write")
    written = written.replace(`${start}${shown}`, `${start}${alike(printed)}`);
  // Redis 6.2 does not tell rights.
  else if (await isRedis7OrNewer()) expect(alike(printed)).toBe(shown);
  else expect(withoutRights(alike(printed))).toEqual(withoutRights(shown));
}

const withoutRights = (text: string) =>
  text
    .split("\n")
    .filter((line) => !/ rights | not known/.test(line))
    .sort();

it("shows a server that is set up for payments", async () => {
  const redis = await started(good);
  const { out, status } = await doctor(["--url", redis.url]);
  expect(status).toBe(0);
  await expectShown("good", out);
});

it("shows the Compose example of the scaling guide, as a container runs it", async () => {
  const sample = readFileSync(new URL("fixtures/compose-from-the-document.yaml", import.meta.url), "utf8");
  const [, ...flags]: string[] = parse(sample).services.redis.command;
  const lines = flags
    .join(" ")
    .split(/ ?--/)
    .filter((line) => line !== "");
  // The image listens on every address, without protected mode.
  const redis = await started({ config: [...lines, "appendfsync everysec", "bind 0.0.0.0", "protected-mode no"] });
  const { out, status } = await doctor(["--url", redis.url]);
  expect(status).toBe(1);
  await expectShown("sample", out);
});
