/** The media type of the format that `PrometheusText` writes. */
export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** A sample's labels; the values may be any text. */
export type Labels = Readonly<Record<string, string>>;

/**
 * Writes metrics in Prometheus's text format, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 */
export class PrometheusText {
  #text = "";

  /**
   * Writes a metric and its samples.
   * @param help what it is, in one line.
   * @param samples values with labels, or one value without.
   */
  metric(
    name: string,
    type: "counter" | "gauge",
    help: string,
    samples: number | Iterable<readonly [Labels, number]>,
  ): void {
    this.#head(name, type, help);
    if (typeof samples === "number") this.#sample(name, {}, samples);
    else for (const [labels, value] of samples) this.#sample(name, labels, value);
  }

  histogram(name: string, help: string, { bounds, counts, sum }: Histogram): void {
    this.#head(name, "histogram", help);
    let cumulated = 0;
    for (const [index, count] of counts.entries()) {
      cumulated += count;
      this.#sample(`${name}_bucket`, { le: formatted(bounds[index] ?? Number.POSITIVE_INFINITY) }, cumulated);
    }
    this.#sample(`${name}_sum`, {}, sum);
    this.#sample(`${name}_count`, {}, cumulated);
  }

  toString(): string {
    return this.#text;
  }

  #head(name: string, type: string, help: string): void {
    this.#text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  }

  #sample(name: string, labels: Labels, value: number): void {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    this.#text += `${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${formatted(value)}\n`;
  }
}

/** Counts of observations, each in the bucket of the lowest bound that is not below it. */
export class Histogram {
  /** Upper bounds, ascending. */
  readonly bounds: readonly number[];
  /** One more than there are bounds: the last is of what lies above all of them. */
  readonly counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array(bounds.length + 1).fill(0);
  }

  get sum(): number {
    return this.#sum;
  }

  observe(value: number): void {
    const bucket = this.bounds.findIndex((bound) => value <= bound);
    this.counts[bucket < 0 ? this.bounds.length : bucket]!++;
    this.#sum += value;
  }
}

function escaped(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => (character === "\n" ? "\\n" : `\\${character}`));
}

function formatted(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
