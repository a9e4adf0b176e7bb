/** `brevduva account quota`: how much room an account has. */

import { type Command, InvalidArgumentError } from 'commander';
import { humanSize } from '../base/bytes.ts';
import type { ExitCode } from './exit.ts';
import { type CommonOptions, countArgument, sizeArgument, withAdmin, withCommonOptions } from './options.ts';
import { counted, print, quotaText } from './terminal.ts';

interface QuotaOptions extends CommonOptions {
  readonly messages?: number | 'none';
}

export function accountQuota(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('quota')
    .description('set or remove the limits of an account')
    .argument('<address>')
    .argument('<size>', 'room for mail such as 10GiB, or "none"', (text) => orNone(text, sizeArgument))
    .option('--messages <number>', 'number of messages, or "none"', (text) => orNone(text, countArgument));
  withCommonOptions(command).action(
    async (address: string, bytes: number | 'none', options: QuotaOptions) => {
      const { messages } = options;
      const account = await withAdmin(options, (admin) =>
        admin.setQuota(address, { bytes, ...(messages === undefined ? {} : { messages }) }),
      );
      const { quotaMessages: most } = account;
      const limit = most === undefined ? 'no limit of messages' : counted(most, 'message');
      const used = `${humanSize(account.usedBytes)}, ${counted(account.usedMessages, 'message')}`;
      print(`${account.address}: quota ${quotaText(account.quotaBytes)}, ${limit}; used ${used}`);
    },
  );
}

function orNone(text: string, parse: (text: string) => number): number | 'none' {
  if (text === 'none') return text;
  try {
    return parse(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message.replace(/\.$/, '')}, or "none".`);
  }
}
