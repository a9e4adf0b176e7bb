/** The methods of Mailbox (RFC 8621 §2). */
import type { Method } from '../core/method.ts';
import { mailboxGet } from './mailbox-get.ts';

export const MAILBOX_METHODS: readonly Method[] = [mailboxGet];
