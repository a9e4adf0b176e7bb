/**
 * Counters and gauges, as values of a registry that is passed in: two servers in one process, or two tests, never
 * count into each other. The owner of a number declares it beside its own code and keeps the handle; counting is then
 * one addition. `text()` is the exposition format that Prometheus and everything compatible with it reads.
 *
 * Labels are for closed sets (a protocol, a reply code). A label taken from what a client sends would let it grow the
 * registry without end, so a metric takes at most `MAX_SERIES` combinations and counts the rest under `other`.
 */
const MAX_SERIES = 200;

export interface Counter {
  add(count?: number, label?: string): void;
}

export interface Gauge {
  set(value: number, label?: string): void;
  add(delta: number, label?: string): void;
}

export class Metrics {
  readonly #series = new Map<string, Series>();

  /** `label` names the one dimension of the metric; without it there is a single number. */
  counter(name: string, help: string, label?: string): Counter {
    return this.#declare(name, 'counter', help, label);
  }

  gauge(name: string, help: string, label?: string): Gauge {
    return this.#declare(name, 'gauge', help, label);
  }

  /** A gauge that is read when somebody looks, for numbers another object already keeps. */
  observe(name: string, help: string, read: () => number): void {
    this.#declare(name, 'gauge', help, undefined).read = read;
  }

  value(name: string, label = ''): number {
    const series = this.#series.get(name);
    return series?.read ? series.read() : (series?.values.get(label) ?? 0);
  }

  text(): string {
    return [...this.#series.values()].map((series) => series.text()).join('');
  }

  #declare(name: string, type: 'counter' | 'gauge', help: string, label: string | undefined): Series {
    if (this.#series.has(name)) throw new Error(`metric ${name} is declared twice`);
    const series = new Series(name, type, help, label);
    this.#series.set(name, series);
    return series;
  }
}

class Series implements Counter, Gauge {
  readonly values = new Map<string, number>();
  read: (() => number) | undefined;
  readonly #head: string;
  readonly #name: string;
  readonly #label: string | undefined;

  constructor(name: string, type: string, help: string, label: string | undefined) {
    this.#name = name;
    this.#label = label;
    this.#head = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    if (label === undefined) this.values.set('', 0);
  }

  set(value: number, label = ''): void {
    this.values.set(this.#key(label), value);
  }

  add(count = 1, label = ''): void {
    const key = this.#key(label);
    this.values.set(key, (this.values.get(key) ?? 0) + count);
  }

  text(): string {
    if (this.read) return `${this.#head}${this.#name} ${this.read()}\n`;
    let out = this.#head;
    for (const [label, value] of this.values) {
      const suffix = this.#label === undefined ? '' : `{${this.#label}=${JSON.stringify(label)}}`;
      out += `${this.#name}${suffix} ${value}\n`;
    }
    return out;
  }

  #key(label: string): string {
    return this.values.has(label) || this.values.size < MAX_SERIES ? label : 'other';
  }
}
