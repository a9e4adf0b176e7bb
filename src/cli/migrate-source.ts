/**
 * How the old server is reached and who signs in there: each person with a password or a token, or somebody who may read everybody's
 * mail. Secrets come from files, the environment, another program or the terminal.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { Secret } from '../base/secret.ts';
import { unreadable } from '../config/unreadable.ts';
import { type Endpoint, parseEndpoint } from '../transfer/network/endpoint.ts';
import { SourceFailure } from '../transfer/network/failure.ts';
import { masterUser, type SignIn } from '../transfer/network/sign-in.ts';
import { UsageError } from './exit.ts';
import { askHidden } from './password.ts';

export interface SourceOptions {
  readonly user?: string;
  readonly passwordFile?: string;
  readonly master?: string;
  readonly masterSeparator?: string;
  readonly tokenFile?: string;
  readonly tokenCommand?: string;
  readonly pop3?: string;
  readonly ca?: string;
  readonly insecure?: boolean;
}

export interface Person {
  /** The address here. */
  readonly account: string;
  /** As he signs in there; absent: by the address. */
  readonly user?: string;
  readonly password?: Secret;
}

export const PASSWORD_VARIABLE = 'BREVDUVA_MIGRATE_PASSWORD';
const TOKEN_USER_VARIABLE = 'BREVDUVA_MIGRATE_USER';
const MAX_SECRET_BYTES = 64 * 1024;
const TOKEN_COMMAND_MS = 60_000;

export function withSourceOptions(command: Command): Command {
  return command
    .option('--user <name>', 'as whom to sign in there, when it is not the address')
    .option('--password-file <file>', 'its first line is the password')
    .option('--master <name>', "sign in as this user, who may read everybody's mail, with his password")
    .option(
      '--master-separator <text>',
      'by a name such as user*master instead of SASL PLAIN on behalf of the user',
    )
    .option('--token-file <file>', 'its first line is an OAuth token; read anew each time')
    .option(
      '--token-command <command>',
      `a shell command that prints an OAuth token of the user in ${TOKEN_USER_VARIABLE}`,
    )
    .option(
      '--pop3 <address>',
      'also ask pop3s://HOST for the names by which POP3 programs know mail, so that they fetch nothing twice',
    )
    .option('--ca <file>', 'certificates, PEM, of who vouches for the old server')
    .option('--insecure', 'believe any certificate, and go without TLS where there is none');
}

export function endpointOf(text: string, protocol: Endpoint['protocol']): Endpoint {
  try {
    return parseEndpoint(text, protocol);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Whom each person signs in as; asks at the terminal at most once. Throws UsageError when a password is missing. */
export async function whoSignsIn(
  endpoint: Endpoint,
  options: SourceOptions,
  people: readonly Person[],
): Promise<(person: Person) => SignIn> {
  const { master, masterSeparator, tokenFile, tokenCommand } = options;
  if (master === undefined && masterSeparator !== undefined)
    throw new UsageError('--master-separator stands between the user and --master, which is missing');
  const ways = [options.passwordFile, tokenFile, tokenCommand].filter((way) => way !== undefined);
  if (ways.length > 1)
    throw new UsageError('--password-file, --token-file and --token-command exclude each other');
  const nameOf = (person: Person): string => person.user ?? options.user ?? endpoint.user ?? person.account;
  if (tokenFile !== undefined || tokenCommand !== undefined) {
    if (master !== undefined) throw new UsageError('a token is of one user, and --master has a password');
    return (person) => {
      const user = nameOf(person);
      const token =
        tokenFile === undefined ? () => tokenOf(`${tokenCommand}`, user) : async () => firstLineOf(tokenFile);
      return { kind: 'token', user, token };
    };
  }
  const lacks = master !== undefined || people.some(({ password }) => password === undefined);
  const common = lacks
    ? await commonPassword(options, master ?? (people.length === 1 ? nameOf(people[0] as Person) : undefined))
    : undefined;
  return (person) => {
    const user = nameOf(person);
    const password = master === undefined ? (person.password ?? common) : common;
    if (password === undefined) throw new UsageError(`there is no password for ${user}`);
    if (master === undefined) return { kind: 'password', user, password };
    if (masterSeparator === undefined) return { kind: 'on-behalf', user, master, password };
    return { kind: 'password', user: masterUser(user, masterSeparator, master), password };
  };
}

/** Of the master, of the only person, or of all who have none of their own. */
async function commonPassword(options: SourceOptions, whose: string | undefined): Promise<Secret> {
  if (options.passwordFile !== undefined) return firstLineOf(options.passwordFile);
  const given = process.env[PASSWORD_VARIABLE];
  if (given !== undefined && given !== '') return new Secret(given);
  if (whose === undefined)
    throw new UsageError(
      'some lines of the table have no password, and there is no --master and no --password-file',
    );
  if (process.stdin.isTTY !== true)
    throw new UsageError(
      `there is no terminal to ask for the password of ${whose}; give --password-file, or ${PASSWORD_VARIABLE} in the environment`,
    );
  return new Secret(await askHidden(`Password of ${whose} at the old server: `));
}

function firstLineOf(file: string): Secret {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').slice(0, MAX_SECRET_BYTES);
  } catch (error) {
    throw new UsageError(unreadable(file, error));
  }
  const [line = ''] = text.replace(/^\ufeff/, '').split(/\r?\n/, 1);
  if (line === '') throw new UsageError(`the first line of ${file} is empty`);
  return new Secret(line);
}

async function tokenOf(command: string, user: string): Promise<Secret> {
  const env = { ...process.env, [TOKEN_USER_VARIABLE]: user };
  try {
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command], {
      env,
      timeout: TOKEN_COMMAND_MS,
      maxBuffer: MAX_SECRET_BYTES,
    });
    const [line = ''] = stdout.trim().split(/\r?\n/, 1);
    if (line !== '') return new Secret(line);
  } catch (error) {
    const { code, killed } = error as { code?: number | string; killed?: boolean };
    const why = killed === true ? 'took longer than a minute' : `ended with ${code}`;
    throw new SourceFailure('sign-in', `the command that gives tokens ${why}`);
  }
  throw new SourceFailure('sign-in', 'the command that gives tokens printed none');
}
