/**
 * `/copy` is between two different accounts (RFC 8620 §5.4, §6.3). Everybody here has one, and what is there need not be copied: what a
 * client is told says which of its two accounts is wrong.
 */
import { MethodError } from './fault.ts';
import type { Call } from './method.ts';

/** Throws `MethodError`, always. */
export async function refuseCopy(call: Call, fromAccountId: string, accountId: string): Promise<never> {
  await call.account(accountId);
  await call.account(fromAccountId).catch((error: unknown) => {
    if (!(error instanceof MethodError)) throw error;
    throw new MethodError('fromAccountNotFound', error.message);
  });
  throw new MethodError('invalidArguments', 'a copy goes to another account', {
    arguments: ['fromAccountId', 'accountId'],
  });
}
