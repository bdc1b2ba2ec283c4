// A minute of values as bars, one a second.
import type { JSX } from "preact";

export interface SparklineProps {
  values: readonly number[];
  /** The value that fills the height; at least the largest one is. */
  least?: number;
  /** What it shows, in words. */
  label: string;
}

const height = 28;

export function Sparkline({ values, least = 4, label }: SparklineProps): JSX.Element {
  const most = Math.max(least, ...values);
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${values.length * 4} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {values.map((value, index) => {
        const tall = value === 0 ? 1 : Math.max(2, (value / most) * height);
        return (
          <rect
            key={String(index)}
            class={value === 0 ? "none" : undefined}
            x={index * 4}
            y={height - tall}
            width={3}
            height={tall}
          />
        );
      })}
    </svg>
  );
}
