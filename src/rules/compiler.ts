/**
 * Compiled scripts, kept by what their texts are: many accounts may have the same, and a message finds its scripts ready. What
 * is kept has a bound in octets of text; who was not asked for longest goes first.
 */
import { createHash } from 'node:crypto';
import { TimeSlice } from '../base/time-slice.ts';
import type { Language } from '../sieve/compile/language.ts';
import type { Script } from '../sieve/compile/script.ts';
import { compileInTurns } from '../sieve/sieve.ts';
import { refuseSending, rulesLanguage } from './language.ts';

const MAX_KEPT_BYTES = 32 * 1024 * 1024;
/** What a script costs beside its text. */
const PER_SCRIPT = 1024;

interface Kept {
  readonly script: Promise<Script>;
  readonly bytes: number;
}

export class Compiler {
  readonly language: Language;
  /** Mail can leave. */
  readonly canSend: boolean;
  readonly #kept = new Map<string, Kept>();
  #keptBytes = 0;

  constructor({ canSend }: { readonly canSend: boolean }) {
    this.canSend = canSend;
    this.language = rulesLanguage(canSend);
  }

  /** Throws `ScriptError`, which says what is wrong and where. */
  async compile(text: Buffer, name: string): Promise<Script> {
    const slice = new TimeSlice();
    const script = await compileInTurns(text, name, () => slice.spent(), this.language);
    if (!this.canSend) refuseSending(script);
    return script;
  }

  /** By the hash of its text; `read` is asked when it is not there. One that cannot be compiled is not, each time anew. */
  async kept(hash: string, name: string, read: () => Promise<Buffer>): Promise<Script> {
    const known = this.#kept.get(hash);
    if (known !== undefined) {
      this.#kept.delete(hash);
      this.#kept.set(hash, known);
      return named(await known.script, name);
    }
    const text = await read();
    // A text that is not the one of the hash is compiled for this once.
    if (hashOf(text) !== hash) return this.compile(text, name);
    return named(await this.#keep(hash, text, name), name);
  }

  #keep(hash: string, text: Buffer, name: string): Promise<Script> {
    const underWay = this.#kept.get(hash);
    if (underWay !== undefined) return underWay.script;
    const script = this.compile(text, name);
    const kept = { script, bytes: text.length + PER_SCRIPT };
    this.#kept.set(hash, kept);
    this.#keptBytes += kept.bytes;
    script.catch(() => this.#drop(hash, kept));
    for (const [other, one] of this.#kept) {
      if (this.#keptBytes <= MAX_KEPT_BYTES) break;
      this.#drop(other, one);
    }
    return script;
  }

  #drop(hash: string, kept: Kept): void {
    if (this.#kept.get(hash) !== kept) return;
    this.#kept.delete(hash);
    this.#keptBytes -= kept.bytes;
  }
}

export function hashOf(text: Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}

function named(script: Script, name: string): Script {
  return script.name === name ? script : { ...script, name };
}
