// Paths that are read otherwise than by the router: file servers, proxies and URLs decode once more, resolve dots, and end at a `?`.

/** As often as that may happen: in the router, in the URL that a handler makes of a parameter, and in the server behind it. */
const MOST_DECODINGS = 3;
/** Has no reading but itself. */
const plain = /^(?!.*\/\.)[^%\\?#\s\p{Cc}]*$/su;
/** URLs leave them out, and spaces at their end. */
const controls = /\p{Cc}/gu;
/** Some servers read `..;a` so, too. */
const dots = /^\.{1,2}(?=$|[;?#])/;

/** True where dots lead out of the segment that has them, or are all of it: then the path is of no route for certain. */
export function hasLeavingDots(path: string): boolean {
  return !plain.test(path) && path.split(/[/\\]/).some((segment) => decodings(segment).some(isLeft));
}

function isLeft(segment: string): boolean {
  const pieces = piecesOf(segment);
  if (pieces.length === 1) return isDotted(pieces);
  const left: string[] = [];
  for (const piece of pieces) {
    // A URL counts an empty piece for a folder, a file server does not: so dots after one leave it.
    if (piece === ".." && !left.pop()) return true;
    if (piece !== ".." && piece !== ".") left.push(piece);
  }
  return false;
}

/** What the path may be for a file server: an encoded slash is one, too. Not the path as it is. */
export function fileReadingsOf(path: string): string[] {
  return plain.test(path) ? [] : others(path, decodings(path));
}

/**
 * What the path may be for what a handler's URL of its parameters leads to, but not the path as it is. `all`: decoded once more, ended at a
 * `?` or `#`, with dots resolved. `ofOneRoute`: the same as what may be asked of the same route at another price, written as a path that is
 * sent: there a slash within a parameter is a part of it, unless there are dots; those around it are not.
 */
export function handlerReadingsOf(path: string): { all: string[]; ofOneRoute: string[] } {
  if (plain.test(path)) return { all: [], ofOneRoute: [] };
  const segments = path.split(/[/\\]/).map(decodings);
  const decoded = Array.from({ length: MOST_DECODINGS + 1 }, (_, times) =>
    segments.map((levels) => levels[Math.min(times, levels.length - 1)] ?? ""),
  )
    // Before dots are resolved: what comes after a `?` is no part of them.
    .flatMap((texts) => [texts, beforeQuery(texts)])
    .map((texts) => texts.map(piecesOf));
  // Of doubled slashes servers make one.
  const whole = decoded.map((one) => joined(one.map((pieces) => (isDotted(pieces) ? pieces : pieces.filter(Boolean)))));
  const priced = decoded
    .slice(2)
    .map((one) => joined(one.map((pieces) => (isDotted(pieces) ? pieces : trimmed(pieces)).map(encoded))));
  return {
    all: others(path, [...whole, ...whole.map((one) => one.replace(/[?#].*$/s, ""))]),
    ofOneRoute: others(path, priced),
  };
}

const isDotted = (pieces: readonly string[]) => pieces.some((piece) => piece === "." || piece === "..");
const encoded = (piece: string) => piece.replace(/[%?#]/g, encodeURIComponent);

/** A URL's path ends at a `?` or `#`. */
function beforeQuery(segments: readonly string[]): string[] {
  const last = segments.findIndex((text) => /[?#]/.test(text));
  return last < 0 ? [...segments] : [...segments.slice(0, last), (segments[last] ?? "").replace(/[?#].*$/s, "")];
}

function joined(segments: readonly (readonly string[])[]): string {
  return segments.map((pieces) => pieces.join(isDotted(pieces) ? "/" : "%2F")).join("/");
}

function trimmed(pieces: readonly string[]): readonly string[] {
  const from = pieces.findIndex((piece) => piece !== "");
  return from < 0 ? [] : pieces.slice(from, pieces.findLastIndex((piece) => piece !== "") + 1);
}

function others(path: string, readings: readonly string[]): string[] {
  return [...new Set(readings.map(resolved))].filter((reading) => reading !== path);
}

function resolved(path: string): string {
  const left: string[] = [];
  for (const piece of piecesOf(path)) {
    if (piece === "..") left.pop();
    else if (piece !== "." && piece !== "") left.push(piece);
  }
  return `/${left.join("/")}`;
}

function piecesOf(text: string): string[] {
  return text
    .replace(controls, "")
    .split(/[/\\]/)
    .map((piece) => piece.trimEnd())
    .map((piece) => dots.exec(piece)?.[0] ?? piece);
}

/** As it is, decoded once, and so on. */
function decodings(text: string): string[] {
  const all = [text];
  while (all.length <= MOST_DECODINGS) {
    const last = all.at(-1) ?? "";
    const next = decoded(last);
    if (next === last) break;
    all.push(next);
  }
  return all;
}

/** What is no UTF-8 stays as it is, and keeps nothing else from being decoded: one such sign must not hide dots. */
function decoded(text: string): string {
  return text.replace(/%[0-7][0-9a-f]|(?:%[89a-f][0-9a-f])+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}
