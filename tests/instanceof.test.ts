// An application may have two copies of a package, and a class of one is not that of the other. So nothing that is published asks
// `instanceof` of a class that it imports from another package, be it an SDK's, a framework's or one of ours.
import ts from "typescript";
import { expect, it } from "vitest";
import { workspacePackages } from "./workspace.ts";

/** The names that a file imports from other packages. Node's own modules are there once. */
function foreignNames(source: ts.SourceFile): Set<string> {
  const names = source.statements.filter(ts.isImportDeclaration).flatMap(({ moduleSpecifier, importClause }) => {
    if (!ts.isStringLiteral(moduleSpecifier) || /^(\.|node:)/.test(moduleSpecifier.text)) return [];
    const bindings = importClause?.namedBindings;
    const named = bindings === undefined ? [] : ts.isNamespaceImport(bindings) ? [bindings] : bindings.elements;
    return [importClause?.name, ...named.map(({ name }) => name)].flatMap((name) => name?.text ?? []);
  });
  return new Set(names);
}

/** E.g. "error instanceof core.StoreError", where `core` or the class is of another package. */
function asksForeignClass(text: string): string[] {
  const source = ts.createSourceFile("file.ts", text, ts.ScriptTarget.Latest, true);
  const foreign = foreignNames(source);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword) {
      let { right } = node;
      while (ts.isPropertyAccessExpression(right)) right = right.expression;
      if (ts.isIdentifier(right) && foreign.has(right.text)) found.push(node.getText());
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

it("no published source asks instanceof of a class of another package", () => {
  const wrong = workspacePackages()
    .filter(({ folder }) => folder.startsWith("packages/"))
    .flatMap(({ files }) => files.filter(({ path, isTest }) => !isTest && path.includes("/src/")))
    .filter(({ text }) => text.includes("instanceof"))
    .flatMap(({ path, text }) => asksForeignClass(text).map((asked) => `${path}: ${asked}`));
  expect(wrong).toEqual([]);
});

it("such a question is found, however the class was imported", () => {
  const text = (line: string) =>
    `${line}\nconst is = (error: unknown) => error instanceof Base.Of && error instanceof Own;`;
  const foreign = [
    'import { Base } from "@x402/core"',
    'import { A as Base } from "hono"',
    'import * as Base from "hono"',
  ];
  for (const line of [...foreign, 'import Base from "express"'])
    expect(asksForeignClass(text(line))).toEqual(["error instanceof Base.Of"]);
  for (const line of ['import { Base, Own } from "./own.ts"', 'import * as Base from "node:net"'])
    expect(asksForeignClass(text(line))).toEqual([]);
});
