/**
 * What commands say: results on standard output, everything else on standard error. Progress is one line that is written
 * over on a terminal, and a line every few seconds in a log. Names and words that came from outside are made visible here.
 */
import { humanSize } from '../base/bytes.ts';
import { visible, visibleLine } from '../base/log-output.ts';
import { formatSize } from '../config/option.ts';

export function print(line: string): void {
  process.stdout.write(`${visible(line)}\n`);
}

export function note(line: string): void {
  process.stderr.write(`${visible(line)}\n`);
}

/** `1 mailbox`, `2 mailboxes`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Columns under each other, the last one as long as it is. */
export function table(cells: readonly (readonly string[])[]): string[] {
  const rows = cells.map((row) => row.map(visibleLine));
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] as number))
      .join('  ')
      .trimEnd(),
  );
}

/** `45s`, `12m`, `3h`, `9d`. */
export function shortDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 100) return `${seconds}s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)}m`;
  return seconds < 2 * 86_400 ? `${Math.round(seconds / 3600)}h` : `${Math.round(seconds / 86_400)}d`;
}

export function quotaText(bytes: number | undefined): string {
  return bytes === undefined ? 'none' : formatSize(bytes);
}

const TERMINAL_MS = 200;
const LOG_MS = 5000;

export class ProgressLine {
  readonly #isTerminal = process.stderr.isTTY === true;
  readonly #startMs = performance.now();
  #lastMs: number;
  #isShown = false;

  constructor() {
    // A log has no line for what is over in a moment.
    this.#lastMs = this.#isTerminal ? 0 : this.#startMs;
  }

  get elapsedMs(): number {
    return performance.now() - this.#startMs;
  }

  /** The text is made only when it is time to show it. */
  show(text: () => string): void {
    const now = performance.now();
    if (now - this.#lastMs < (this.#isTerminal ? TERMINAL_MS : LOG_MS)) return;
    this.#lastMs = now;
    if (!this.#isTerminal) {
      note(text());
      return;
    }
    process.stderr.write(`\r\u001b[K${visibleLine(text()).slice(0, (process.stderr.columns ?? 80) - 1)}`);
    this.#isShown = true;
  }

  /** Before anything else is written, and at the end. */
  clear(): void {
    if (this.#isShown) process.stderr.write('\r\u001b[K');
    this.#isShown = false;
  }

  /** `12,000 messages, 340 MiB, 2,100/s, 3 min left` */
  describe(progress: {
    readonly messages: number;
    readonly bytes: number;
    readonly totalBytes?: number;
  }): string {
    const { messages, bytes, totalBytes } = progress;
    const seconds = Math.max(0.001, this.elapsedMs / 1000);
    const parts = [counted(messages, 'message'), humanSize(bytes), `${Math.round(messages / seconds)}/s`];
    if (totalBytes !== undefined && bytes > 0 && bytes < totalBytes) {
      parts.push(`${humanDuration((seconds * (totalBytes - bytes)) / bytes)} left`);
    }
    return parts.join(', ');
  }
}

function humanDuration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
