// The Set-Cookie lines of one answer, where several write them.

/**
 * `earlier`, and `later` after it. Of two lines that set the same cookie browsers keep the last, and some clients take the first: so an
 * earlier line is left out where a later one sets its cookie.
 */
export function addCookies(earlier: readonly string[], later: readonly string[]): string[] {
  const set = new Set(later.map(cookieOf));
  return [...earlier.filter((line) => !set.has(cookieOf(line))), ...later];
}

/** What a browser knows a cookie by: name, domain and path. */
function cookieOf(line: string): string {
  const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
  const [name = ""] = pair.split("=", 1);
  const attributeOf = (attribute: string) => {
    const found = attributes.findLast((part) => part.toLowerCase().startsWith(`${attribute}=`));
    return found?.slice(attribute.length + 1).trim() ?? "";
  };
  return JSON.stringify([name.trim(), attributeOf("domain").toLowerCase().replace(/^\./, ""), attributeOf("path")]);
}
