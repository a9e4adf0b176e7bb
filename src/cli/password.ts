/**
 * Where a command gets a password from: the first line of standard input, made up and shown, or typed twice at a terminal
 * that does not show it. Never from the command line, where every user of the machine can read it.
 */
import { randomInt } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Secret } from '../base/secret.ts';
import { UsageError } from './exit.ts';
import { note } from './terminal.ts';

export interface PasswordOptions {
  readonly passwordStdin?: boolean;
  readonly generate?: boolean;
}

export interface ChosenPassword {
  readonly password: Secret;
  /** It is to be shown: nobody has seen it yet. */
  readonly isGenerated: boolean;
}

export async function choosePassword(options: PasswordOptions, address: string): Promise<ChosenPassword> {
  if (options.passwordStdin && options.generate) {
    throw new UsageError('--password-stdin and --generate exclude each other');
  }
  if (options.generate) return { password: new Secret(readablePassword()), isGenerated: true };
  if (options.passwordStdin) return { password: await passwordFromInput(), isGenerated: false };
  if (process.stdin.isTTY !== true) {
    throw new UsageError('there is no terminal to ask for the password; give --password-stdin or --generate');
  }
  const first = await askHidden(`Password for ${address}: `);
  const second = await askHidden('The same again: ');
  if (first !== second) throw new UsageError('the two passwords differ; nothing was changed');
  return { password: new Secret(first), isGenerated: false };
}

/** Five groups of two syllables, 63 bits: easy to read out and to type on a phone. */
export function readablePassword(): string {
  const pick = (letters: string): string => letters.charAt(randomInt(letters.length));
  const syllable = (): string => pick('bdfghjklmnprstvz') + pick('aeiou');
  return Array.from({ length: 5 }, () => syllable() + syllable()).join('-');
}

async function passwordFromInput(): Promise<Secret> {
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) {
    lines.close();
    if (line !== '') return new Secret(line);
    break;
  }
  throw new UsageError('standard input has no password in its first line');
}

async function askHidden(question: string): Promise<string> {
  const { stdin } = process;
  process.stderr.write(question);
  stdin.setRawMode(true);
  stdin.resume();
  stdin.setEncoding('utf8');
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let typed = '';
  const onData = (text: string): void => {
    for (const key of text) {
      if (key === '\r' || key === '\n') resolve(typed);
      else if (key === '\u0003' || key === '\u0004') reject(new UsageError('no password was given'));
      else if (key === '\u007f' || key === '\b') typed = [...typed].slice(0, -1).join('');
      else typed += key;
    }
  };
  stdin.on('data', onData);
  try {
    return await promise;
  } finally {
    stdin.off('data', onData);
    stdin.setRawMode(false);
    stdin.pause();
    note('');
  }
}
