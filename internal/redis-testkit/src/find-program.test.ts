// Programs are found where they are named first, and a missing one is told with the way to get it.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { findProgram, type Wanted } from "./find-program.ts";

const folder = mkdtempSync(join(tmpdir(), "tollbooth-programs-"));
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

function program(...path: string[]): string {
  const file = join(folder, ...path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, "#!/bin/sh\n");
  chmodSync(file, 0o755);
  return file;
}

/** Nothing of this machine is called so. */
const wanted: Wanted = {
  variable: "TOLLBOOTH_WANTED",
  programs: ["tollbooth-wanted", "tollbooth-wanted-too"],
  packages: [],
  need: "It is wanted, and there is none",
  howTo: "Get it.",
};

test("the variable's program comes first", async () => {
  vi.stubEnv("TOLLBOOTH_WANTED", program("named"));
  vi.stubEnv("PATH", join(program("bin", "tollbooth-wanted"), ".."));
  expect(await findProgram(wanted, false)).toBe(join(folder, "named"));
});

test("a variable that names no program is an error, whatever is on the PATH", async () => {
  vi.stubEnv("PATH", join(program("bin", "tollbooth-wanted"), ".."));
  writeFileSync(join(folder, "text"), "no program", { mode: 0o644 });
  for (const named of [join(folder, "missing"), join(folder, "text")]) {
    vi.stubEnv("TOLLBOOTH_WANTED", named);
    await expect(findProgram(wanted, true)).rejects.toThrow(
      `TOLLBOOTH_WANTED names no program that can be run: ${named}`,
    );
  }
});

test("on the PATH the better name wins over the earlier folder; other places come last", async () => {
  const place = program("Applications", "Wanted");
  const placed = { ...wanted, places: [join(folder, "nowhere"), place] };
  vi.stubEnv("PATH", ["", join(folder, "one"), join(folder, "two")].join(delimiter));
  expect(await findProgram(placed, false)).toBe(place);
  const second = program("one", "tollbooth-wanted-too");
  expect(await findProgram(placed, false)).toBe(second);
  const first = program("two", "tollbooth-wanted");
  expect(await findProgram(placed, false)).toBe(first);
});

test("where there is none, and none may be installed, it says so and how to get it", async () => {
  await expect(findProgram(wanted, false)).rejects.toThrow(
    "It is wanted, and there is none: it is not on the PATH. Get it.",
  );
});

/** An apt-get that does `work` when it is asked to install, on a PATH that has little else. */
function aptGet(work: string): void {
  writeFileSync(
    program("bin", "apt-get"),
    `#!/bin/sh\necho "$@" >> ${folder}/asked\n[ "$1" = update ] || { ${work}; }\n`,
  );
  vi.stubEnv("PATH", [join(folder, "bin"), "/usr/bin", "/bin"].join(delimiter));
  vi.spyOn(console, "error").mockReturnValue();
}
const asRoot = (uid: number) => vi.spyOn(process, "getuid").mockReturnValue(uid);
const put = () => `printf '' > ${folder}/bin/tollbooth-wanted; chmod +x ${folder}/bin/tollbooth-wanted`;

test("as root it is installed with apt-get, which is said", async () => {
  aptGet(put());
  asRoot(0);
  const packages = ["wanted", "wanted-fonts"];
  expect(await findProgram({ ...wanted, packages }, true)).toBe(join(folder, "bin", "tollbooth-wanted"));
  const asked = "install -y --no-install-recommends wanted wanted-fonts";
  expect(readFileSync(join(folder, "asked"), "utf8")).toBe(`update\n${asked}\n`);
  expect(console.error).toHaveBeenCalledWith(expect.stringContaining("apt-get install -y wanted wanted-fonts"));
});

test("an apt-get that is locked is waited for: the other one may be installing the same", async () => {
  aptGet(`${put()}; echo "Could not get lock" >&2; exit 100`);
  asRoot(0);
  expect(await findProgram(wanted, true)).toBe(join(folder, "bin", "tollbooth-wanted"));
});

test("what cannot be installed is told with the reason", async () => {
  aptGet('echo "E: Unable to locate package" >&2; exit 100');
  asRoot(0);
  await expect(findProgram(wanted, true)).rejects.toThrow(/apt-get failed .*Unable to locate package.*\. Get it\.$/s);
  asRoot(1_000);
  await expect(findProgram(wanted, true)).rejects.toThrow("only root could install it. Get it.");
  asRoot(0);
  await expect(findProgram(wanted, false)).rejects.toThrow("it is not on the PATH. Get it.");
});
