import { type SpawnSyncOptionsWithStringEncoding, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * The mail clients of other people that the tests talk to: programs of the system, not of npm. On a Debian machine where
 * we are root they are installed; elsewhere the tests that need a missing one are skipped with its name. Where they were
 * installed, or on CI, a missing one is a failure (`BREVDUVA_TEST_CLIENTS=required`): a test that quietly skips tests nothing.
 */
export const CLIENT_PACKAGES: Readonly<Record<string, string>> = {
  mbsync: 'isync',
  curl: 'curl',
  python3: 'python3',
  swaks: 'swaks',
  fetchmail: 'fetchmail',
  getmail: 'getmail6',
};

export function missingClients(path = process.env.PATH ?? ''): string[] {
  return Object.keys(CLIENT_PACKAGES).filter((command) => !isOnPath(command, path));
}

/** Gives the environment for the tests. */
export function prepareClients(say: (line: string) => void): Record<string, string> {
  const missing = missingClients();
  if (missing.length > 0 && canInstall()) install(missing, say);
  const absent = missingClients();
  if (absent.length > 0) say(`not on this machine: ${absent.join(', ')}; tests that need them are skipped`);
  const isRequired = absent.length === 0 || process.env.CI === 'true';
  return isRequired ? { BREVDUVA_TEST_CLIENTS: 'required' } : {};
}

function canInstall(): boolean {
  return (
    process.getuid?.() === 0 &&
    existsSync('/etc/debian_version') &&
    isOnPath('apt-get', process.env.PATH ?? '')
  );
}

function install(missing: readonly string[], say: (line: string) => void): void {
  const packages = missing.map((command) => CLIENT_PACKAGES[command] as string);
  say(`installing Debian packages for the tests with real clients: ${packages.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options: SpawnSyncOptionsWithStringEncoding = {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
    encoding: 'utf8',
  };
  spawnSync('apt-get', ['update', '-qq'], options);
  const result = spawnSync(
    'apt-get',
    ['install', '-y', '-qq', '--no-install-recommends', ...packages],
    options,
  );
  if (result.status !== 0) say(`apt-get failed: ${result.stderr.trim().split('\n').at(-1)}`);
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
