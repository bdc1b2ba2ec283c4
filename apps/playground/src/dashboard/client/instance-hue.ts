// One colour for each instance, the same wherever it is shown; its name always stands beside it.

const hues = 8;

/** The class that sets `--hue` for an instance's name, e.g. "gateway-3". */
export function hueClass(name: string | undefined): string {
  const number = Number(/\d+$/.exec(name ?? "")?.[0] ?? 0);
  return number === 0 ? "hue-none" : `hue-${((number - 1) % hues) + 1}`;
}
