// ${VAR} and ${VAR:-default} in one scalar that has already been parsed, so a value can never become syntax.

/** The source of variables; `process.env` fits. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The text with its variables replaced, or the problems. */
export type Expanded = { text: string } | { problems: readonly string[] };

// Every "${", and the rest of a well-formed reference where there is one.
const reference = /\$\{(?:([A-Za-z_][A-Za-z0-9_]{0,100})(?::-([^}]*))?\})?/g;

const wellFormed = `\${NAME} nor \${NAME:-default}`;

/**
 * Expands once: a variable's value is never expanded again. As in a shell, the default stands in for a variable that is
 * unset or empty. A plain `${VAR}` is a problem where it is unset, and empty text where it is empty. Everything else
 * stays.
 */
export function expandVariables(text: string, environment: Environment): Expanded {
  const problems: string[] = [];
  const expanded = text.replace(reference, (_match, name: string | undefined, fallback: string | undefined) => {
    if (name === undefined || fallback?.includes("${")) {
      problems.push(`has a \${ that is neither ${wellFormed}; put text with \${ in it into a variable`);
      return "";
    }
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (fallback !== undefined) return value === undefined || value === "" ? fallback : value;
    if (value === undefined) problems.push(`the variable ${name} is not set; set it, or write \${${name}:-default}`);
    return value ?? "";
  });
  return problems.length === 0 ? { text: expanded } : { problems };
}
