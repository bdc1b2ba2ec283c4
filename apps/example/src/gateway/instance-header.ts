// How a gateway tells the processes behind it which instance is calling: for their logs, nothing depends on it.

/** The header, empty where the gateway is run by itself. */
export function instanceHeader(instance: string | undefined): Record<string, string> {
  return instance === undefined ? {} : { "x-instance": instance };
}
