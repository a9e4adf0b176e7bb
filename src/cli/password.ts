/**
 * Where a command gets a password from: the first line of standard input, made up and shown, or typed twice at a terminal
 * that does not show it. Never from the command line, where every user of the machine can read it.
 */
import { randomInt } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import type { Credential } from '../admin/admin.ts';
import { Secret } from '../base/secret.ts';
import { UsageError } from './exit.ts';
import { note } from './terminal.ts';

export interface PasswordOptions {
  readonly passwordStdin?: boolean;
  readonly passwordHashStdin?: boolean;
  readonly generate?: boolean;
}

export interface ChosenPassword {
  readonly credential: Credential;
  /** A password that was made up; it is to be shown, for nobody has seen it yet. */
  readonly generated?: Secret;
}

export function withPasswordOptions(command: Command): Command {
  return command
    .option('--password-stdin', 'the password is the first line of standard input')
    .option(
      '--password-hash-stdin',
      "what another server has stored is the first line: Dovecot's {SCHEME}value or a crypt string such as $6$...",
    )
    .option('--generate', 'make up a password and print it');
}

export async function choosePassword(options: PasswordOptions, address: string): Promise<ChosenPassword> {
  const ways = [options.passwordStdin, options.passwordHashStdin, options.generate];
  if (ways.filter((way) => way === true).length > 1) {
    throw new UsageError('--password-stdin, --password-hash-stdin and --generate exclude each other');
  }
  if (options.generate) {
    const generated = new Secret(readablePassword());
    return { credential: { password: generated }, generated };
  }
  if (options.passwordStdin) return { credential: { password: await firstLineOfInput() } };
  if (options.passwordHashStdin) return { credential: { passwordHash: await firstLineOfInput() } };
  if (process.stdin.isTTY !== true) {
    throw new UsageError('there is no terminal to ask for the password; give --password-stdin or --generate');
  }
  const first = await askHidden(`Password for ${address}: `);
  const second = await askHidden('The same again: ');
  if (first !== second) throw new UsageError('the two passwords differ; nothing was changed');
  return { credential: { password: new Secret(first) } };
}

/** Five groups of two syllables, 63 bits: easy to read out and to type on a phone. */
export function readablePassword(): string {
  const pick = (letters: string): string => letters.charAt(randomInt(letters.length));
  const syllable = (): string => pick('bdfghjklmnprstvz') + pick('aeiou');
  return Array.from({ length: 5 }, () => syllable() + syllable()).join('-');
}

async function firstLineOfInput(): Promise<Secret> {
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) {
    lines.close();
    if (line !== '') return new Secret(line);
    break;
  }
  throw new UsageError('standard input has no password in its first line');
}

export async function askHidden(question: string): Promise<string> {
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
