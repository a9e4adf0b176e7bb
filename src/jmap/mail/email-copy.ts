/** Email/copy (RFC 8621 §4.7). Within an account an email is in more mailboxes by Email/set. */
import { MAIL } from '../capabilities.ts';
import { boolean, id, mapOf, object, optional, readArguments, text, withDefault } from '../core/arguments.ts';
import { refuseCopy } from '../core/copy-between.ts';
import type { Method } from '../core/method.ts';

const TABLE = {
  ...{ fromAccountId: id, ifFromInState: optional(text), accountId: id, ifInState: optional(text) },
  create: mapOf(object),
  onSuccessDestroyOriginal: withDefault(boolean, false),
  destroyFromIfInState: optional(text),
};

export const emailCopy: Method = {
  name: 'Email/copy',
  capability: MAIL,
  async run(raw, call) {
    const { fromAccountId, accountId } = readArguments(raw, TABLE);
    return refuseCopy(call, fromAccountId, accountId);
  },
};
