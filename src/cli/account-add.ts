/** `brevduva account add`: a new account with its mailboxes. */
import type { Command } from 'commander';
import type { AddedAccount, Admin } from '../admin/admin.ts';
import type { Config } from '../config/options.ts';
import { newAccountAddress } from '../identity/address.ts';
import { ROLE } from '../identity/role.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { LimitChoice } from '../mailbox/model/quota.ts';
import { isRefusal } from '../transfer/mail-access.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import {
  type CommonOptions,
  configOf,
  countArgument,
  sizeArgument,
  withAdmin,
  withCommonOptions,
} from './options.ts';
import { choosePassword, type PasswordOptions, withPasswordOptions } from './password.ts';
import { note, print } from './terminal.ts';

interface AddOptions extends CommonOptions, PasswordOptions {
  readonly quota?: LimitChoice;
  readonly messages?: LimitChoice;
  readonly mailboxes?: LimitChoice;
  readonly admin?: boolean;
}

const ABSENT = 'when absent, that of the domain or of all';

const orNone =
  (parse: (text: string) => number) =>
  (text: string): LimitChoice =>
    text === 'none' ? text : parse(text);

export function accountAdd(parent: Command, done: (code: ExitCode) => void): void {
  const command = parent
    .command('add')
    .description('add an account; without an option it asks for the password')
    .argument('<address>', 'alice@example.com, or alice alone in the default domain')
    .option('--quota <size>', `room for mail, such as 10GiB, or "none"; ${ABSENT}`, orNone(sizeArgument))
    .option('--messages <number>', `number of messages, or "none"; ${ABSENT}`, orNone(countArgument))
    .option('--mailboxes <number>', `number of mailboxes, or "none"; ${ABSENT}`, orNone(countArgument))
    .option('--admin', 'let its person administer the server in the webmail');
  withCommonOptions(withPasswordOptions(command)).action(async (address: string, options: AddOptions) => {
    // Before anybody types a password for an address that cannot be one.
    assertAddress(address, configOf(options, { isSilent: true }).config);
    const { credential, generated } = await choosePassword(options, address);
    const account = {
      address,
      ...credential,
      ...(options.quota === undefined ? {} : { quotaBytes: options.quota }),
      ...(options.messages === undefined ? {} : { quotaMessages: options.messages }),
      ...(options.mailboxes === undefined ? {} : { quotaMailboxes: options.mailboxes }),
    };
    const add = async (admin: Admin): Promise<AddedAccount | undefined> => {
      const [added] = await admin.addAccounts([account]);
      if (options.admin === true && added !== undefined && !isRefusal(added))
        await admin.setSetting(added.address, ROLE, 'admin');
      return added;
    };
    const outcome = await withAdmin(options, add, { makesData: true });
    if (outcome === undefined || isRefusal(outcome)) {
      note(`brevduva: ${address}: ${outcome?.why}`);
      return done(EXIT.failed);
    }
    print(`added ${outcome.address}`);
    if (generated !== undefined) print(`password ${generated.reveal()}`);
  });
}

function assertAddress(address: string, config: Config): void {
  try {
    newAccountAddress(address, config.auth.defaultDomain);
  } catch (error) {
    if (error instanceof MailboxError) throw new UsageError(`${address}: ${error.message}`);
    throw error;
  }
}
