// The results of the last full run, and every page with figures that come from them.
import { readFileSync, writeFileSync } from "node:fs";
import { page } from "./markdown.ts";
import { readmeFigures } from "./readme-figures.ts";
import type { Report } from "./report.ts";
import { scalingFigures } from "./scaling-figures.ts";

const fromRoot = (path: string) => new URL(`../../../../${path}`, import.meta.url);

export const resultsFile = fromRoot("docs/benchmarks/results.json");
const resultsPage = fromRoot("docs/benchmarks/results.md");

/** Pages whose figures stand between two comments. */
export const markedPages: readonly { path: string; figures: (report: Report) => string }[] = [
  { path: "README.md", figures: readmeFigures },
  { path: "docs/scaling.md", figures: scalingFigures },
];

export const BEGIN = "<!-- benchmarks: begin -->";
export const END = "<!-- benchmarks: end -->";

/** One line a row: a diff shows which rows changed. */
export function resultsText({ rows, goals, ...report }: Report): string {
  const lines = (items: readonly object[]) => items.map((item) => `    ${JSON.stringify(item)}`).join(",\n");
  const rest = JSON.stringify(report, null, 2).replace(/\n}$/, "");
  return `${rest},\n  "goals": [\n${lines(goals)}\n  ],\n  "rows": [\n${lines(rows)}\n  ]\n}\n`;
}

/** Throws where there is no full run yet. */
export function readResults(): Report {
  return JSON.parse(readFileSync(resultsFile, "utf8"));
}

/** A page with these figures between its marks. Throws where it has none. */
export function withFigures(text: string, figures: string): string {
  const [before, rest] = text.split(BEGIN);
  const [, after] = rest?.split(END) ?? [];
  if (before === undefined || after === undefined) throw new Error(`A page has no ${BEGIN} and ${END}.`);
  return `${before}${BEGIN}\n\n${figures}\n\n${END}${after}`;
}

/** Each page as it stands, and as these results make it. */
export function pages(report: Report): { file: URL; path: string; written: string; made: string }[] {
  const read = (file: URL) => {
    try {
      return readFileSync(file, "utf8");
    } catch {
      return "";
    }
  };
  const marked = markedPages.map(({ path, figures }) => {
    const file = fromRoot(path);
    const written = read(file);
    return { file, path, written, made: withFigures(written, figures(report)) };
  });
  return [
    { file: resultsPage, path: "docs/benchmarks/results.md", written: read(resultsPage), made: page(report) },
    ...marked,
  ];
}

export function writePages(report: Report): void {
  for (const { file, made } of pages(report)) writeFileSync(file, made);
}
