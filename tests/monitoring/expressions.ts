// The PromQL of the alert rules and of the dashboard, and the series that it asks for.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** The folder of the rules, the dashboard and their page. */
export const folder: string = join(import.meta.dirname, "..", "..", "docs", "monitoring");

export interface Rule {
  alert: string;
  expr: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export function alertRules(): Rule[] {
  const { groups }: { groups: { rules: Rule[] }[] } = parse(readFileSync(join(folder, "alerts.yaml"), "utf8"));
  return groups.flatMap(({ rules }) => rules);
}

/** By the panel's title. */
export function panels(): { title: string; expr: string }[] {
  const dashboard: { panels: { title: string; targets: { expr: string }[] }[] } = JSON.parse(
    readFileSync(join(folder, "dashboard.json"), "utf8"),
  );
  return dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr })));
}

/** The job that the page's scrape configuration names. */
export function documentedJob(): string {
  const page = readFileSync(join(folder, "README.md"), "utf8");
  const [, job] = /^ +- job_name: (\S+)/m.exec(page) ?? [];
  if (job === undefined) throw new Error("The page has no scrape configuration.");
  return job;
}

export interface Selector {
  metric: string;
  matchers: { label: string; operator: string; value: string }[];
}

/** Each metric with its matchers, and the labels by which results are grouped. */
export function selectorsOf(expr: string): { selectors: Selector[]; grouped: string[] } {
  const groups = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = ""]) =>
    list.split(",").map((one) => one.trim()),
  );
  const rest = expr.replace(/\bby \([^)]*\)/g, "");
  const selectors = [...rest.matchAll(/\b(tollbooth_[a-z_]+|up)\b(?:\{([^}]*)\})?(?![^{]*\})/g)].map(
    ([, metric = "", inner = ""]) => ({
      metric,
      matchers: [...inner.matchAll(/([a-z_]+)(=~|!~|!=|=)"([^"]*)"/g)].map(
        ([, label = "", operator = "", value = ""]) => ({ label, operator, value }),
      ),
    }),
  );
  return { selectors, grouped: groups };
}
