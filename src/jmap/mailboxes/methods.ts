/** The methods of Mailbox (RFC 8621 §2). */
import type { Method } from '../core/method.ts';
import { mailboxChanges } from './mailbox-changes.ts';
import { mailboxGet } from './mailbox-get.ts';
import { mailboxQuery, mailboxQueryChanges } from './mailbox-query.ts';
import { mailboxSet } from './mailbox-set.ts';

export const MAILBOX_METHODS: readonly Method[] = [
  mailboxGet,
  mailboxChanges,
  mailboxQuery,
  mailboxQueryChanges,
  mailboxSet,
];
