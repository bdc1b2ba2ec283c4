// YAML (and so JSON) text to plain data. Problems are reported by line and column, and never quote the text.
import { StoreError } from "@tollbooth-stores/core";
import { Composer, type CST, type Document, LineCounter, Parser, type YAMLError } from "yaml";

/** How deep a document may nest. The parser is iterative, but the code that reads its tokens recurses. */
const deepestNesting = 64;
const mostAliases = 100;
const mostReported = 3;

const plainWords: Readonly<Record<string, string>> = {
  BAD_INDENT: "wrong indentation",
  BLOCK_AS_IMPLICIT_KEY:
    "a value with a colon and a space in it (put quotes around it, or the key that it begins with on a line of its own)",
  DUPLICATE_KEY: "a key that stands here twice",
  MULTILINE_IMPLICIT_KEY:
    "these belong together as they stand: the first lacks its colon, or the last is indented too far",
  MISSING_CHAR: "a character is missing (a closing quote or bracket, a comma, a colon or a space)",
  TAB_AS_INDENT: "a tab where spaces must indent",
  TAG_RESOLVE_FAILED: "a tag (!...) that is not understood",
  UNEXPECTED_TOKEN: "a character that cannot stand here (quotes keep values with { } [ ] # : whole)",
};

/** Throws STORE_CONFIG, naming `origin`, unless the text is one document of valid YAML or JSON. */
export function parseText(text: string, origin: string): unknown {
  const refuse = (reason: string) => new StoreError("STORE_CONFIG", `${origin} ${reason}`);
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  if (isTooDeep(tokens)) throw refuse(`nests deeper than ${deepestNesting} levels.`);
  const composer = new Composer({ logLevel: "silent", uniqueKeys: true, version: "1.2" });
  const [document, ...others]: Document[] = [...composer.compose(tokens, true, text.length)];
  if (document === undefined || others.length > 0) throw refuse("must hold one YAML document, not several.");
  // A warning is the parser's guess (at an unknown tag, say). A configuration must not be guessed.
  const faults = [...document.errors, ...document.warnings].filter(isNoEcho);
  if (faults.length > 0) {
    const messages = new Set(faults.slice(0, mostReported).map((fault) => describeFault(fault, lines)));
    throw refuse(`is not valid YAML:\n${[...messages].join("\n")}`);
  }
  try {
    return document.toJS({ maxAliasCount: mostAliases });
  } catch {
    throw refuse("has an alias (*name) without its anchor (&name), or aliases that multiply; write the values out.");
  }
}

function describeFault(fault: YAMLError, lines: LineCounter): string {
  const [{ line, col }, last] = [lines.linePos(fault.pos[0]), lines.linePos(fault.pos[1])];
  const where =
    fault.code === "MULTILINE_IMPLICIT_KEY" ? `lines ${line} to ${last.line}` : `line ${line}, column ${col}`;
  return `- ${where}: ${plainWords[fault.code] ?? `not understood (${fault.code})`}`;
}

/** A key over several lines is told at its first line as a nested one, too. The mistake is in another line then, mostly. */
function isNoEcho({ code, pos }: YAMLError, _: number, all: readonly YAMLError[]): boolean {
  const isTwice = (each: YAMLError) => each.code === "MULTILINE_IMPLICIT_KEY" && each.pos[0] === pos[0];
  return code !== "BLOCK_AS_IMPLICIT_KEY" || !all.some(isTwice);
}

/** Walks without recursion. */
function isTooDeep(tokens: readonly CST.Token[]): boolean {
  const open: { token: CST.Token; depth: number }[] = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (depth > deepestNesting) return true;
    if (token.type === "document" && token.value) open.push({ token: token.value, depth });
    if (!("items" in token)) continue;
    for (const { key, value } of token.items) {
      if (key) open.push({ token: key, depth: depth + 1 });
      if (value) open.push({ token: value, depth: depth + 1 });
    }
  }
  return false;
}
