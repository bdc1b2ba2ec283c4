// Every page with figures holds those of the kept results. `npm run bench -- --pages` writes them anew.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { BEGIN, END, pages, readResults, resultsFile, resultsText, withFigures } from "./results.ts";

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

test("the results are written with one row a line, and read as they were written", () => {
  const report = readResults();
  const text = resultsText(report);
  expect(JSON.parse(text)).toEqual(report);
  expect(readFileSync(resultsFile, "utf8")).toBe(text);
  expect(text.split("\n").filter((line) => line.includes('"contender"'))).toHaveLength(
    report.rows.length + report.disqualified.length,
  );
});
