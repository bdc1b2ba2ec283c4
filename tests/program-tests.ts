// Which tests start a built program, for `npm run dev`: no import leads from them to the build, so vitest must be told.
import { workspacePackage } from "./workspace.ts";

/** The tests of an application that reach a file which names its build, e.g. `new URL("../../dist/", import.meta.url)`. */
export function programTests(folder: string): string[] {
  const { files } = workspacePackage(folder);
  const known = new Map(files.map((file) => [file.path, file]));
  const reaches = (path: string, seen: Set<string>): boolean => {
    const file = known.get(path);
    if (file === undefined || seen.has(path)) return false;
    seen.add(path);
    return /["'`/]dist\//.test(file.text) || file.importedFiles.some((to) => reaches(to, seen));
  };
  return files.map(({ path }) => path).filter((path) => /\.test\.ts$/.test(path) && reaches(path, new Set()));
}

/** The program of each application that its build always writes, beside whatever others it has. */
const programs = [
  { folder: "apps/example", program: "gateway.js" },
  { folder: "apps/playground", program: "main.js" },
];

/** vitest's `watchTriggerPatterns`: a program that is built anew reruns the tests that start it. */
export const programTriggers: { pattern: RegExp; testsToRun: () => string[] }[] = programs.map(
  ({ folder, program }) => ({
    pattern: new RegExp(`/${folder}/dist/${program.replaceAll(".", "\\.")}$`),
    testsToRun: () => programTests(folder),
  }),
);
