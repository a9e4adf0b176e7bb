/** `brevduva account set`: what one account has different from the configuration. */
import type { Command } from 'commander';
import type { AccountSummary } from '../admin/admin.ts';
import { ROLE } from '../identity/role.ts';
import { ACCOUNT_SETTINGS, SETTINGS } from '../server/account-settings.ts';
import { type ExitCode, UsageError } from './exit.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { print, table } from './terminal.ts';

interface SetOptions extends CommonOptions {
  /** False of `--no-admin`; absent when neither was given. */
  readonly admin?: boolean;
}

/** Takes the setting away, so that the configuration decides again. */
const DEFAULT = 'default';

export function accountSet(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('set')
    .description('show or change what one account has different from the configuration')
    .argument('<address>')
    .argument('[name]', 'such as pop3.delete; without it, what there is is shown')
    .argument('[value]', `or "${DEFAULT}", to follow the configuration again`)
    .option('--admin', 'let its person administer the server in the webmail')
    .option('--no-admin', 'take that away again; it is gone at once')
    .addHelpText('after', () => `\nSettings:\n${describe()}`);
  withCommonOptions(command).action(
    async (address: string, name: string | undefined, value: string | undefined, options: SetOptions) => {
      if (options.admin !== undefined) {
        if (name !== undefined) throw new UsageError('give either a role or a setting, not both');
        await setRole(address, options.admin, options);
        return;
      }
      if (name === undefined) {
        const account = await withAdmin(options, (admin) => admin.findAccount(address));
        for (const line of shown(account)) print(line);
        return;
      }
      if (value === undefined) throw new UsageError(`what shall ${name} be? Give a value, or "${DEFAULT}"`);
      const wanted = value === DEFAULT ? undefined : value;
      const problem = ACCOUNT_SETTINGS.problemWith(name, wanted);
      if (problem !== undefined) throw new UsageError(problem);
      const account = await withAdmin(options, (admin) => admin.setSetting(address, name, wanted));
      print(`${account.address}: ${name} ${wanted ?? 'as in the configuration'}`);
    },
  );
}

async function setRole(address: string, isAdmin: boolean, options: CommonOptions): Promise<void> {
  const role = isAdmin ? 'admin' : undefined;
  const account = await withAdmin(options, (admin) => admin.setSetting(address, ROLE, role));
  print(`${account.address}: ${isAdmin ? 'administers the server' : 'does not administer the server'}`);
}

function shown({ settings }: AccountSummary): string[] {
  const names = [...new Set([...Object.keys(SETTINGS), ...Object.keys(settings)])].sort();
  return table(names.map((name) => [name, settings[name] ?? `(${DEFAULT})`]));
}

function describe(): string {
  const rows = Object.entries(SETTINGS).map(([name, { expected }]) => [`  ${name}`, expected]);
  return table(rows).join('\n');
}
