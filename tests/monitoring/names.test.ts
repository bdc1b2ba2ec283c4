// What the rules and the dashboard ask for is what the source emits: metrics, labels, and the values that are matched.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { emittedSeries, readSeries, type Series } from "./emitted.ts";
import { alertRules, documentedJob, folder, panels, selectorsOf } from "./expressions.ts";

let emitted: Series;
beforeAll(async () => {
  // Prometheus's own series of each target.
  emitted = new Map([...(await emittedSeries()), ["up", [new Map([["job", documentedJob()]])]]]);
});

/** Prometheus adds them. */
const added = ["instance", "job"];

/** What an expression asks for that there is not. */
function missing(expr: string, from: Series = emitted): string[] {
  const { selectors, grouped } = selectorsOf(expr);
  if (selectors.length === 0) return ["it asks for no metric"];
  const known = new Set([...added, ...selectors.flatMap(({ metric }) => labelsOf(from.get(metric)))]);
  return [
    ...grouped.filter((label) => !known.has(label)).map((label) => `label ${label}`),
    ...selectors.flatMap(({ metric, matchers }) => {
      const series = from.get(metric);
      if (series === undefined) return [`metric ${metric}`];
      return matchers.flatMap(({ label, operator, value }) => {
        if (operator.startsWith("!")) return labelsOf(series).includes(label) ? [] : [`label ${metric}{${label}}`];
        const wanted = operator === "=~" ? value.split("|") : [value];
        return wanted
          .filter((one) => !series.some((labels) => labels.get(label) === one))
          .map((one) => `value ${metric}{${label}="${one}"}`);
      });
    }),
  ];
}

function labelsOf(series: readonly ReadonlyMap<string, string>[] = []): string[] {
  return series.flatMap((labels) => [...labels.keys()]);
}

describe("rules and panels ask for what is emitted", () => {
  it.each(alertRules())("alert $alert", ({ expr }) => expect(missing(expr)).toEqual([]));
  it.each(panels())("panel $title", ({ expr }) => expect(missing(expr)).toEqual([]));

  it("and a wrong name is found", () => {
    const of = readSeries('a_count{kind="x",b="1"} 1\n# TYPE c gauge\n');
    expect([...of.keys()]).toEqual(["a_count"]);
    const one: Series = new Map([["tollbooth_a", [new Map([["kind", "x"]])]]]);
    expect(missing('max by (kind) (tollbooth_a{kind="x"}) > 1', one)).toEqual([]);
    const up: Series = new Map([["up", [new Map([["job", "gateway"]])]]]);
    expect(missing('up{job="shop"} == 0', up)).toEqual(['value up{job="shop"}']);
    expect(missing('tollbooth_redis_up{state="up"}', up)).toEqual(["metric tollbooth_redis_up"]);
    expect(missing("sum(1)", one)).toEqual(["it asks for no metric"]);
    expect(missing('max by (other) (tollbooth_a{kind=~"x|y"}) / tollbooth_b', one)).toEqual([
      ...["label other", 'value tollbooth_a{kind="y"}', "metric tollbooth_b"],
    ]);
    expect(missing('tollbooth_a{wrong!=""}', one)).toEqual(["label tollbooth_a{wrong}"]);
  });
});

it("the dashboard counts the gateways for which TollboothUnready asks, and by the same share of their probes", () => {
  const squeezed = (expr = "") => expr.replace(/\s+/g, " ").trim();
  const { expr: asked } = alertRules().find(({ alert }) => alert === "TollboothUnready") ?? {};
  const { expr: shown } = panels().find(({ title }) => title === "Gateways that are not ready") ?? {};
  expect(squeezed(shown)).toBe(`count(max by (instance) (${squeezed(asked)})) or vector(0)`);
});

describe("each alert", () => {
  it.each(alertRules())("$alert says what it means for money and what to do, and is on the page", (rule) => {
    const { alert, labels, annotations } = rule;
    expect(labels.severity).toMatch(/^(critical|warning|info)$/);
    expect(Object.keys(annotations)).toEqual(["summary", "action"]);
    expect(readFileSync(join(folder, "README.md"), "utf8")).toContain(`| \`${alert}\``);
  });

  it("and the page names no other", () => {
    const page = readFileSync(join(folder, "README.md"), "utf8");
    const named = [...page.matchAll(/`(Tollbooth\w+)`/g)].map(([, name]) => name);
    expect(new Set(named)).toEqual(new Set(alertRules().map(({ alert }) => alert)));
  });
});
