// Where the results of a full run are kept.

export const resultsFile = new URL("../../../../docs/benchmarks/results.json", import.meta.url);
export const resultsPage = new URL("../../../../docs/benchmarks/results.md", import.meta.url);
