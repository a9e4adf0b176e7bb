/** `brevduva account passwd`: a new password; sessions that were opened with the old one are sent away. */
import type { Command } from 'commander';
import type { ExitCode } from './exit.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { choosePassword, type PasswordOptions, withPasswordOptions } from './password.ts';
import { print } from './terminal.ts';

export function accountPasswd(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('passwd')
    .description('set a new password; without an option it asks for it')
    .argument('<address>');
  withCommonOptions(withPasswordOptions(command)).action(
    async (address: string, options: CommonOptions & PasswordOptions) => {
      await withAdmin(options, async (admin) => {
        // Before anybody types a password for an account that is not there.
        const account = await admin.findAccount(address);
        const { credential, generated } = await choosePassword(options, account.address);
        await admin.setPassword(account.address, credential);
        print(`changed the password of ${account.address}`);
        if (generated !== undefined) print(`password ${generated.reveal()}`);
      });
    },
  );
}
