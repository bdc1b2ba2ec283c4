// Which modules a source file names, read from its syntax tree: comments, quotes and line breaks change nothing.
import ts from "typescript";

const resolvers = /^(?:require|require\.resolve|import\.meta\.resolve)$/;
/** vitest's, of a module to be replaced or asked for. */
const mocks = /^(?:vi|vitest)\.(?:mock|doMock|unmock|doUnmock|importActual|importMock)$/;

function literal(node: ts.Node | undefined): string[] {
  return node !== undefined && ts.isStringLiteralLike(node) ? [node.text] : [];
}

function isLoader({ expression }: ts.CallExpression, source: ts.SourceFile): boolean {
  if (expression.kind === ts.SyntaxKind.ImportKeyword) return true;
  if (!ts.isIdentifier(expression) && !ts.isPropertyAccessExpression(expression)) return false;
  const name = expression.getText(source);
  return resolvers.test(name) || mocks.test(name);
}

function namedBy(node: ts.Node, source: ts.SourceFile): string[] {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return literal(node.moduleSpecifier);
  if (ts.isExternalModuleReference(node)) return literal(node.expression);
  if (ts.isImportTypeNode(node)) return ts.isLiteralTypeNode(node.argument) ? literal(node.argument.literal) : [];
  // What a module declares of another; elsewhere it declares one that no file is.
  if (ts.isModuleDeclaration(node)) return ts.isExternalModule(source) ? literal(node.name) : [];
  if (ts.isCallExpression(node)) return isLoader(node, source) ? literal(node.arguments[0]) : [];
  return [];
}

/**
 * Module specifiers, in the order in which they stand: of static and dynamic imports, types included, re-exports, `require`,
 * resolutions, vitest's mocks and reference comments. What is put together at run time cannot be told and is left out.
 */
export function importsOf(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  const found = source.referencedFiles.map(({ fileName }) => fileName.replace(/^(?!\.)/, "./"));
  const visit = (node: ts.Node) => {
    found.push(...namedBy(node, source));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
