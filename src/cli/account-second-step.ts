/** `brevduva account second-step`: whether the password alone is enough, and how somebody comes in who has lost the device that made the codes. */
import type { Command } from 'commander';
import type { ExitCode } from './exit.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { note, print } from './terminal.ts';

interface Options extends CommonOptions {
  readonly reset?: boolean;
}

export function accountSecondStep(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('second-step')
    .description(
      'whether signing in to the webmail takes more than the password; take that away for who has lost it',
    )
    .argument('<address>')
    .option('--reset', 'the password alone is enough from now on; recovery codes and passkeys go too');
  withCommonOptions(command).action(async (address: string, options: Options) => {
    await withAdmin(options, async (admin) => {
      if (options.reset === true) {
        const isDone = await admin.people.resetSecondStep(address);
        print(isDone ? 'the second step is gone' : 'there was none');
        if (isDone)
          note('Be sure that it was the person who asked: a password that was stolen is enough now.');
        return;
      }
      const { hasSecondStep } = await admin.findAccount(address);
      print(hasSecondStep ? 'the password and a second step' : 'the password alone');
    });
  });
}
