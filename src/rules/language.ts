/**
 * What of Sieve scripts of accounts may use. What is advertised works: a word whose meaning nothing here can carry out is unknown,
 * and a script that requires it is refused with the line.
 */
import type { Language } from '../sieve/compile/language.ts';
import type { CommandNode, Script } from '../sieve/compile/script.ts';
import { languageWithout } from '../sieve/sieve.ts';
import { ScriptError } from '../sieve/syntax/fault.ts';

/** What sends mail. */
const SENDING: readonly string[] = ['vacation', 'vacation-seconds', 'enotify', 'fcc'];

export function rulesLanguage(canSend: boolean): Language {
  return languageWithout(canSend ? [] : SENDING);
}

/** Throws `ScriptError` at the first command that sends a message on. */
export function refuseSending({ commands }: Script): void {
  const all: CommandNode[] = [...commands];
  for (let next = all.shift(); next !== undefined; next = all.shift()) {
    if (next.name === 'redirect')
      throw new ScriptError('"redirect" is not available: this server sends no mail', next.place);
    all.push(...next.block);
  }
}
