/**
 * For tests: the texts in the source of the server, each with the call it stands in. What changes in one, `${…}`, is `…`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SourceText {
  readonly file: string;
  readonly text: string;
  /** The name of the function whose argument it is, or is part of; empty: of none. */
  readonly call: string;
}

/** Of the files below `src/`, `path` among them; no tests. */
export function sourceTexts(path: string): SourceText[] {
  const root = join(import.meta.dirname, '../../src');
  const files = path.endsWith('.ts')
    ? [path]
    : readdirSync(join(root, path), { recursive: true, encoding: 'utf8' }).map((name) => join(path, name));
  return files
    .filter((file) => file.endsWith('.ts') && !/\.test\.ts$|testing\.ts$|imap\/words\//.test(file))
    .flatMap((file) => new Scanner(file, readFileSync(join(root, file), 'utf8')).texts());
}

/** Before a slash that begins a regular expression. */
const BEFORE_PATTERN = /(?:[(,=:[!&|?{};>]|return)\s*$/;

class Scanner {
  readonly #file: string;
  readonly #source: string;
  readonly #found: SourceText[] = [];
  readonly #calls: string[] = [];
  #at = 0;

  constructor(file: string, source: string) {
    this.#file = file;
    this.#source = source;
  }

  texts(): SourceText[] {
    this.#code('');
    return this.#found;
  }

  /** To the closing brace of what a template has in it, or to the end. */
  #code(closing: string): void {
    for (let depth = 0; this.#at < this.#source.length; this.#at++) {
      const c = this.#source[this.#at] as string;
      if (c === '{') depth++;
      else if (c === '}' && depth-- === 0 && closing === '}') return;
      else if (c === '(')
        this.#calls.push(/(\w*)$/.exec(this.#source.slice(Math.max(0, this.#at - 60), this.#at))?.[1] ?? '');
      else if (c === ')') this.#calls.pop();
      else if (c === '/') this.#slash();
      else if (c === "'" || c === '"') this.#string(c);
      else if (c === '`') this.#template();
    }
  }

  #slash(): void {
    const start = this.#source.slice(this.#at, this.#at + 2);
    if (start === '//') this.#skipTo('\n');
    else if (start === '/*') this.#skipTo('*/');
    else if (BEFORE_PATTERN.test(this.#source.slice(Math.max(0, this.#at - 20), this.#at))) this.#pattern();
  }

  /** To the last character of this. */
  #skipTo(end: string): void {
    const at = this.#source.indexOf(end, this.#at + 2);
    this.#at = at < 0 ? this.#source.length : at + end.length - 1;
  }

  #pattern(): void {
    for (let inClass = false; ; ) {
      const c = this.#source[++this.#at];
      if (c === '\\') this.#at++;
      else if (c === '[') inClass = true;
      else if (c === ']') inClass = false;
      else if (c === '\n' || (c === '/' && !inClass)) return;
    }
  }

  #string(quote: string): void {
    const start = ++this.#at;
    for (; this.#source[this.#at] !== quote; this.#at++) if (this.#source[this.#at] === '\\') this.#at++;
    this.#take(this.#source.slice(start, this.#at));
  }

  #template(): void {
    let text = '';
    for (this.#at++; this.#source[this.#at] !== '`'; this.#at++) {
      if (this.#source.startsWith('${', this.#at)) {
        this.#at += 2;
        this.#code('}');
        text += '…';
      } else {
        if (this.#source[this.#at] === '\\') this.#at++;
        text += this.#source[this.#at];
      }
    }
    this.#take(text);
  }

  #take(text: string): void {
    const call = this.#calls.findLast((name) => name !== '') ?? '';
    this.#found.push({ file: this.#file, text: text.replace(/\\(.)/g, '$1'), call });
  }
}
