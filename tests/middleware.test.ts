// What @tollbooth-stores/hono and /express are: their framework's shape around @tollbooth-stores/http. They are used without x402.
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { runTimeDependencies, type SourceFile, workspacePackages } from "./workspace.ts";

const scope = "@tollbooth-stores/";
const packages = workspacePackages();
const named = (name: string) => {
  const found = packages.find((known) => known.name === scope + name);
  if (found === undefined) throw new Error(`There is no package ${name}.`);
  return found;
};

/** Everything of ours that is installed with a package, itself included. */
function installedWith(name: string, seen: Set<string> = new Set()): Set<string> {
  seen.add(name);
  for (const to of Object.keys(runTimeDependencies(named(name).manifest))) {
    if (to.startsWith(scope) && !seen.has(to.slice(scope.length))) installedWith(to.slice(scope.length), seen);
  }
  return seen;
}

/** E.g. "StoreError" for `import { StoreError } from "@tollbooth-stores/core"`, of core and its entries. */
function takenFromCore({ path, text }: SourceFile): string[] {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest).statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) return [];
    if (!/^@tollbooth-stores\/core(\/|$)/.test(statement.moduleSpecifier.text)) return [];
    const bindings = statement.importClause?.namedBindings;
    if (bindings === undefined || ts.isNamespaceImport(bindings)) return ["*"];
    return bindings.elements.map(({ name }) => name.text);
  });
}

/** What a store is called where one is handed over, such as `options.sessions`, and what asks one when it is called. */
const storeNames = new Set(["store", "stores", "sessions", "rateLimits", "verifications"]);

/** Where a source could come by a store, e.g. "session.ts: const { sessions } = options". A WeakMap of its own may have a store's name. */
function storesReached({ path, text }: Pick<SourceFile, "path" | "text">): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const reached: string[] = [];
  const maps = new Set<string>();
  const isMap = (node: ts.Node) => {
    const { parent } = node;
    return ts.isVariableDeclaration(parent) && /^new WeakMap\b/.test(parent.initializer?.getText() ?? "");
  };
  const visit = (node: ts.Node): void => {
    const isNamed = (ts.isIdentifier(node) || ts.isStringLiteralLike(node)) && storeNames.has(node.text);
    if (isNamed && isMap(node)) maps.add(node.text);
    else if (isNamed && !(maps.has(node.text) && isOwnVariable(node)))
      reached.push(`${path}: ${node.parent.getText()}`);
    if (ts.isCallExpression(node) && /(^|\.)rule$/.test(node.expression.getText()))
      reached.push(`${path}: ${node.getText()}`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return reached;
}

/** A variable that is used: neither a member of something, nor declared here. */
function isOwnVariable(node: ts.Node): boolean {
  const { parent } = node;
  if (!ts.isIdentifier(node) || ts.isBindingElement(parent) || ts.isParameter(parent)) return false;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  return ts.isCallExpression(parent);
}

it.each([
  "function f(options) { return options.sessions.delete(id); }",
  "const { sessions } = options;",
  "const { sessions: kept } = options;",
  'const kept = options["sessions"];',
  "const f = (stores) => stores.ping();",
  'const f = (kept: SessionOptions<unknown>["sessions"]) => kept.get(id);',
  "const sessions = new WeakMap(); options.sessions.get(id);",
  "const sessions = new WeakMap(); const f = (sessions) => sessions.get(id);",
  "const taken = await rule(key);",
])("a store is seen where a source says %j", (text) => {
  expect(storesReached({ path: "a.ts", text })).not.toEqual([]);
});

describe.each(["hono", "express"])("the middleware on %s", (name) => {
  const { manifest, files } = named(name);
  const sources = files.filter(({ path, isTest }) => !isTest && path.includes("/src/"));

  it("needs neither x402 nor the SDK, as a dependency, as a peer, or through a package of ours", () => {
    const needed = [...installedWith(name)].flatMap((used) => Object.keys(runTimeDependencies(named(used).manifest)));
    expect(needed.filter((to) => /x402|^viem$/.test(to))).toEqual([]);
    // A peer, and an optional one still less, would say nothing: a gate is taken by its shape.
    expect(Object.keys(manifest.peerDependencies ?? {}).sort()).toEqual([
      ...(name === "express" ? ["@types/express"] : []),
      name,
    ]);
    expect(sources.flatMap(({ imports }) => imports).filter((to) => /x402/.test(to))).toEqual([]);
  });

  it("is thin: it imports its framework and http, asks no store, and takes from core what is no store", () => {
    const foreign = sources.flatMap(({ imports }) => imports.filter((to) => !/^(\.|node:)/.test(to)));
    const allowed = new RegExp(`^(${name}|${scope}(http|core|core/native))(/|$)`);
    expect(foreign.filter((to) => !allowed.test(to))).toEqual([]);
    const taken = new Set(sources.flatMap(takenFromCore));
    const known = ["RateLimiter", "StoreError", "checkArguments", "joinSignals"];
    expect([...taken].filter((each) => !known.includes(each))).toEqual([]);
    // Every call on a store, and so every decision about money, is in http or in the gate.
    expect(sources.flatMap(storesReached)).toEqual([]);
  });
});
