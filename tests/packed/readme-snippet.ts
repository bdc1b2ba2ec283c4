// The first program in a package's README: what a newcomer copies.

/** The text of the first fenced block of TypeScript or JavaScript, or undefined. */
export function firstProgram(readme: string): string | undefined {
  return /^```(?:ts|typescript|js|javascript|mjs)\b[^\n]*\n([\s\S]*?)^```/m.exec(readme)?.[1];
}
