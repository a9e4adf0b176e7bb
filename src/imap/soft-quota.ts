/**
 * Mail has brought the account to its soft quota while a mailbox is open (RFC 9208 §4.3.1): said once, before anything is refused. Who opens a mailbox
 * when it is so already asks for the quota if he wants to know.
 */

import { humanSize } from '../base/bytes.ts';
import { isSoftlyFull, wasEmptied } from '../mailbox/model/room.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import { writeStatus } from './replies.ts';
import type { Selected } from './selected.ts';
import type { WireWriter } from './wire/writer.ts';

export function tellSoftQuota(out: WireWriter, selected: Selected, account: AccountState): void {
  const isFull = isSoftlyFull(account);
  if (isFull && selected.wasToldFull !== true)
    writeStatus(
      out,
      '*',
      'NO',
      `Nearly full: ${inWords(account)}; delete mail or ask for more room`,
      'OVERQUOTA',
    );
  if (isFull || wasEmptied(account)) selected.wasToldFull = isFull;
}

function inWords({ usedBytes, usedMessages, limits: { bytes, messages } }: AccountState): string {
  const parts = [
    ...(bytes === undefined ? [] : [`${humanSize(usedBytes)} of ${humanSize(bytes)} are used`]),
    ...(messages === undefined ? [] : [`there are ${usedMessages} of ${messages} messages`]),
  ];
  return parts.join(', ');
}
