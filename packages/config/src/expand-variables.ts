// ${VAR} and ${VAR:-default} in one scalar that has already been parsed, so a value can never become syntax.

/** The source of variables; `process.env` fits. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The text with its variables replaced, or the problems. `oddities` tell of a variable's value that was probably set
 * by mistake, and never hold the value. `empty`: the variables in whose place nothing stands.
 */
export type Expanded =
  | { text: string; oddities?: readonly string[]; empty?: readonly string[] }
  | { problems: readonly string[] };

// Every "${", and the rest of a well-formed reference where there is one.
const reference = /\$\{(?:([A-Za-z_][A-Za-z0-9_]{0,100})(?::-([^}]*))?\})?/g;

// Nothing but "$NAME". Inside a longer text a dollar sign may belong to a password.
const withoutBraces = /^\$([A-Z_][A-Z0-9_]{1,100})$/;

const wellFormed = `\${NAME} nor \${NAME:-default}`;

/**
 * Expands once: a variable's value is never expanded again. As in a shell, the default stands in for a variable that is
 * unset or empty. A plain `${VAR}` is a problem where it is unset, and empty text where it is empty. Everything else
 * stays.
 */
export function expandVariables(text: string, environment: Environment): Expanded {
  const bare = withoutBraces.exec(text)?.[1];
  if (bare !== undefined) {
    const problem = `has a variable without braces; write \${${bare}}, or put text that begins with $ into a variable`;
    return { problems: [problem] };
  }
  const problems: string[] = [];
  const oddities: string[] = [];
  const empty: string[] = [];
  const expanded = text.replace(reference, (_match, name: string | undefined, fallback: string | undefined) => {
    if (name === undefined || fallback?.includes("${")) {
      problems.push(`has a \${ that is neither ${wellFormed}; put text with \${ in it into a variable`);
      return "";
    }
    const value: unknown = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (value !== undefined && typeof value !== "string") {
      problems.push(`the variable ${name} is no text; give \`env\` texts alone`);
      return "";
    }
    const isHollow = value === undefined || value === "";
    if (isHollow && !fallback) empty.push(name);
    if (isHollow && fallback !== undefined) return fallback;
    if (value === undefined) problems.push(`the variable ${name} is not set; set it, or write \${${name}:-default}`);
    const oddity = oddityOf(value ?? "");
    if (oddity !== undefined) oddities.push(`the variable ${name} ${oddity}`);
    return value ?? "";
  });
  if (problems.length > 0) return { problems };
  return { text: expanded, ...(oddities.length > 0 && { oddities }), ...(empty.length > 0 && { empty }) };
}

/** A BOM, quotes or spaces that a file of variables or a shell left in a value. */
function oddityOf(value: string): string | undefined {
  // trim() takes a BOM for a space, so it is looked for first.
  if (value.startsWith("\uFEFF")) return "begins with a byte order mark (BOM); save its source without one";
  if (value !== value.trim()) return "has spaces or line breaks around its value; remove them";
  if (/^(["']).*\1$/s.test(value) && value.length > 1) return "has quotes around its value; remove them";
  return undefined;
}
