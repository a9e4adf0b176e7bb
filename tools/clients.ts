import { type SpawnSyncOptionsWithStringEncoding, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { SourceFile } from './sources.ts';

/**
 * The mail clients of other people that the tests talk to: programs of the system, not of npm. On a Debian machine where
 * we are root they are installed, after saying so; elsewhere, and with `--no-install`, the tests that need a missing one
 * are skipped with its name. Where they were installed, or on CI, a missing one is a failure
 * (`BREVDUVA_TEST_CLIENTS=required`): a test that quietly skips tests nothing.
 */
export const CLIENT_PACKAGES: Readonly<Record<string, string>> = {
  mbsync: 'isync',
  curl: 'curl',
  python3: 'python3',
  swaks: 'swaks',
  fetchmail: 'fetchmail',
  getmail: 'getmail6',
  gsasl: 'gsasl',
  msmtp: 'msmtp',
  dkimverify: 'python3-dkim',
  openssl: 'openssl',
  pebble: 'pebble',
  'sieve-connect': 'sieve-connect',
  'sieve-test': 'dovecot-sieve',
  'smtp-source': 'postfix',
  'smtp-sink': 'postfix',
  mutt: 'mutt',
  offlineimap: 'offlineimap3',
  imapfilter: 'imapfilter',
  'Mail::IMAPClient': 'libmail-imapclient-perl',
  java: 'default-jdk-headless',
  'java/jakarta-mail.jar': 'libjakarta-mail-java',
  php: 'php-cli',
  'roundcube/program': 'roundcube-core',
  chromium: 'chromium',
  'swift-proxy-server': 'swift-proxy',
  'swift-account-server': 'swift-account',
  'swift-container-server': 'swift-container',
  'swift-object-server': 'swift-object',
  unbound: 'unbound',
  'ldns-signzone': 'ldnsutils',
};

export function missingClients(path = process.env.PATH ?? ''): string[] {
  return Object.keys(CLIENT_PACKAGES).filter((name) => !isHere(name, path));
}

export interface ClientPlan {
  /** The test files that will run. */
  readonly files: readonly SourceFile[];
  readonly mayInstall: boolean;
  /** Also those that are needed for what takes long (`needsWhenLong`). */
  readonly isLong: boolean;
  readonly say: (line: string) => void;
  /** What is missing; tests of this file make it up. */
  readonly missing?: () => readonly string[];
  readonly install?: (missing: readonly string[]) => string | undefined;
}

/** Gives the environment for the tests. Only what the chosen tests need is installed, or missed. */
export function prepareClients(plan: ClientPlan): Record<string, string> {
  const { files, mayInstall, isLong, say, missing = missingClients, install = installPackages } = plan;
  const needed = clientsNeededBy(files, isLong);
  const lacking = (): string[] => missing().filter((name) => needed.has(name));
  const before = lacking();
  if (before.length > 0 && mayInstall && canInstall()) {
    say(
      `The tests with real clients need ${named(before)}. Installing with apt-get, since this is root on Debian;`,
    );
    say('to skip these tests instead: npm test -- --no-install');
    const failure = install(before);
    if (failure !== undefined) say(`apt-get failed: ${failure}`);
  }
  const absent = lacking();
  for (const name of absent) say(`not here: ${named([name])}; skipped: ${needed.get(name)?.join(', ')}`);
  const isRequired = absent.length === 0 || (process.env.CI === 'true' && mayInstall);
  return isRequired ? { BREVDUVA_TEST_CLIENTS: 'required' } : {};
}

/** Each program with the test files that say `needs('it')`, or `needsWhenLong('it')`. */
export function clientsNeededBy(files: readonly SourceFile[], isLong: boolean): Map<string, string[]> {
  const asking = isLong ? /\bneeds(?:WhenLong)?\(([^)]*)\)/g : /\bneeds\(([^)]*)\)/g;
  const needed = new Map<string, string[]>();
  for (const { path, text } of files) {
    const names = [...text.matchAll(asking)].flatMap(([, list = '']) => list.match(/[\w:./-]+/g) ?? []);
    for (const name of new Set(names)) needed.set(name, [...(needed.get(name) ?? []), path]);
  }
  return needed;
}

function named(programs: readonly string[]): string {
  return programs.map((name) => `${name} (${CLIENT_PACKAGES[name]})`).join(', ');
}

function canInstall(): boolean {
  return (
    process.getuid?.() === 0 &&
    existsSync('/etc/debian_version') &&
    isOnPath('apt-get', process.env.PATH ?? '')
  );
}

/** What went wrong, if anything. */
function installPackages(missing: readonly string[]): string | undefined {
  const packages = missing.map((command) => CLIENT_PACKAGES[command] as string);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options: SpawnSyncOptionsWithStringEncoding = {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
    encoding: 'utf8',
  };
  spawnSync('apt-get', ['update', '-qq'], options);
  const result = withoutServices(() =>
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options),
  );
  return result.status === 0 ? undefined : result.stderr.trim().split('\n').at(-1);
}

/** Where Debian asks whether a service that was just installed may start; 101 is no. Nobody who runs tests wants a mail server. */
const SERVICE_POLICY = '/usr/sbin/policy-rc.d';

function withoutServices<T>(install: () => T): T {
  if (existsSync(SERVICE_POLICY)) return install();
  writeFileSync(SERVICE_POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return install();
  } finally {
    rmSync(SERVICE_POLICY, { force: true });
  }
}

/** A program, a module of Perl, or what is below /usr/share. */
function isHere(name: string, path: string): boolean {
  if (name.includes('/')) return existsSync(join('/usr/share', name));
  if (!name.includes('::')) return isOnPath(name, path);
  return spawnSync('perl', [`-M${name}`, '-e', '1'], { env: { PATH: path } }).status === 0;
}

function isOnPath(command: string, path: string): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
