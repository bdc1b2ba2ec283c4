// The command line of `npm run bench`.
import { parseArgs } from "node:util";
import { type Section, sections } from "./scenes.ts";

export interface Arguments {
  sections: readonly Section[];
  /** Less than a minute, and nothing is written. */
  quick: boolean;
  /** Exit status 1 on a missed row of the table. */
  check: boolean;
  /** Whether no section was left out by name. */
  allSections: boolean;
  /** Whether the results and the pages made from them are kept: of a full run of all sections. */
  write: boolean;
  /** Measures nothing, and makes the pages anew from the kept results. */
  pages: boolean;
  rounds?: number | undefined;
  sliceMs?: number | undefined;
}

export const usage = `Usage: npm run bench -- [--quick] [--check] [--section ${sections.join(",")}] [--rounds 7] [--slice-ms 400]
       npm run bench -- --pages   (makes the pages anew from docs/benchmarks/results.json)

--quick     less than a minute, with wider spreads
--check     fails where a row of docs/benchmarks/results.md misses its goal
--section   some of the sections only
--rounds    how often the contenders take turns
--slice-ms  how long each turn takes, in milliseconds

Without --section and --quick, the run is kept: docs/benchmarks/results.json, and the pages made from it.`;

/** Throws, with the usage, where an argument is none of these. */
export function readArguments(given: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...given],
    options: {
      quick: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
      pages: { type: "boolean", default: false },
      section: { type: "string" },
      rounds: { type: "string" },
      "slice-ms": { type: "string" },
    },
  });
  const asked = values.section?.split(",") ?? [...sections];
  const known = asked.filter((name): name is Section => sections.some((section) => section === name));
  if (known.length !== asked.length || known.length === 0) throw new Error(`Sections are ${sections.join(", ")}.`);
  return {
    sections: known,
    quick: values.quick,
    check: values.check,
    allSections: values.section === undefined,
    write: !values.quick && values.section === undefined,
    pages: values.pages,
    rounds: wholeNumber(values.rounds, "--rounds"),
    sliceMs: wholeNumber(values["slice-ms"], "--slice-ms"),
  };
}

function wholeNumber(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) throw new Error(`${name} takes a whole number, 1 or more.`);
  return number;
}
