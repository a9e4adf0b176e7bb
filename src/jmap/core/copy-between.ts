/** `/copy` is between two different accounts (RFC 8620 §5.4, §6.3); what a client is told says which of the two is wrong. */
import type { AccountState } from '../../mailbox/state/account.ts';
import { MethodError } from './fault.ts';
import type { Call } from './method.ts';

export interface CopyEnds {
  readonly from: AccountState;
  readonly to: AccountState;
}

/** Throws `MethodError`. */
export async function copyEnds(call: Call, fromAccountId: string, accountId: string): Promise<CopyEnds> {
  const to = await call.account(accountId);
  const from = await call.account(fromAccountId).catch((error: unknown) => {
    if (!(error instanceof MethodError)) throw error;
    throw error.type === 'accountNotSupportedByMethod'
      ? new MethodError('fromAccountNotSupportedByMethod', error.message)
      : new MethodError('fromAccountNotFound', error.message);
  });
  if (fromAccountId !== accountId) return { from, to };
  throw new MethodError('invalidArguments', 'a copy goes to another account', {
    arguments: ['fromAccountId', 'accountId'],
  });
}
