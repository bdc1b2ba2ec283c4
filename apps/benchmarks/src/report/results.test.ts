// Every page with figures holds those of the kept results. `npm run bench -- --pages` writes them anew.
import { expect, test } from "vitest";
import { BEGIN, END, pages, readResults, withFigures } from "./results.ts";

test.each(pages(readResults()))("$path has the figures of docs/benchmarks/results.json", ({ written, made }) => {
  expect(written).toBe(made);
});

test("what stands around the figures stays", () => {
  const page = `before ${BEGIN} old ${END} after`;
  expect(withFigures(page, "new")).toBe(`before ${BEGIN}\n\nnew\n\n${END} after`);
  expect(() => withFigures("no marks", "new")).toThrow("no <!-- benchmarks: begin -->");
});

test("the results name no machine", () => {
  const { environment } = readResults();
  expect(Object.keys(environment).sort()).toEqual(
    ["command", "cores", "date", "libraries", "memoryGiB", "node", "processor", "redis"].sort(),
  );
  expect(Object.values(environment.libraries)).not.toContain("unknown");
});
