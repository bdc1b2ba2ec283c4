// Paths that are read otherwise than by the router: file servers, proxies and URLs decode once more, resolve dots, and end at a `?`.

/** As often as that may happen: in the router, in the URL that a handler makes of a parameter, and in the server behind it. */
const MOST_DECODINGS = 3;
/** Has no reading but itself. */
const plain = /^(?!.*\/\.)[^%\\?#\p{Cc}]*$/su;
/** URLs leave them out. */
const controls = /\p{Cc}/gu;
/** Some servers read `..;a` so, too. */
const dots = /^\.{1,2}(?=$|[;?#])/;

/** True where dots lead out of the segment that has them, or are all of it: then the path is of no route for certain. */
export function hasLeavingDots(path: string): boolean {
  return !plain.test(path) && path.split(/[/\\]/).some((segment) => decodings(segment).some(isLeft));
}

function isLeft(segment: string): boolean {
  const pieces = piecesOf(segment);
  if (pieces.length === 1) return dots.test(segment.replace(controls, ""));
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
 * What the path may be for a handler that makes a URL of its parameters: `dotless`, with dots resolved that parameters have, and `all`,
 * decoded once more or ended at a `?` or `#`, too. A slash in a parameter is a part of it, unless there are dots. Not the path as it is.
 */
export function handlerReadingsOf(path: string): { all: string[]; dotless: string[] } {
  if (plain.test(path)) return { all: [], dotless: [] };
  const segments = path.split(/[/\\]/).map(decodings);
  const hasDots = segments.flat().some((segment) => piecesOf(segment).some((piece) => dots.test(piece)));
  const keep = (segment: string) => {
    const pieces = piecesOf(segment);
    if (pieces.some((piece) => dots.test(piece))) return segment;
    // Of doubled slashes servers make one.
    return pieces.filter((piece) => piece !== "").join("%2F");
  };
  const whole = Array.from({ length: MOST_DECODINGS + 1 }, (_, times) =>
    segments.map((levels) => keep(levels[Math.min(times, levels.length - 1)] ?? "")).join("/"),
  );
  const all = others(path, [...whole, ...whole.map((one) => one.replace(/[?#].*$/s, ""))]);
  return { all, dotless: hasDots ? others(path, whole) : [] };
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
