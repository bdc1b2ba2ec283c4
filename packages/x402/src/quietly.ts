// A seller's callback that fails ends nothing: neither an answer nor the process.

/** `name`: the callback's, for the log. */
export async function quietly(name: string, report: () => unknown): Promise<void> {
  try {
    await report();
  } catch (error) {
    console.warn(`${name} failed:`, error);
  }
}
