/**
 * What an account and the postmaster are told when it has sent as much as it may, or nearly: by mail from the server, once a day for each
 * limit. A stolen password shows here first.
 */

import { LruMap } from '../base/lru.ts';
import { formatRfc5322 } from '../mail/date.ts';
import type { Domain } from '../mailbox/domain.ts';
import { NOTIFY } from '../mailbox/model/outgoing.ts';
import { receive } from '../mailbox/operations/incoming.ts';
import { acceptUnshown } from '../mailbox/operations/outgoing.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { Reached } from './allowance.ts';

const DAY_MS = 86_400_000;
const MAX_TOLD = 10_000;

const WORDS: Readonly<Record<Reached['what'], (limit: number) => string>> = {
  messagesPerHour: (limit) => `the account may send ${limit} messages an hour`,
  recipientsPerHour: (limit) => `the account may send to ${limit} recipients an hour`,
  messagesPerDay: (limit) => `the account may send ${limit} messages a day`,
  recipientsPerDay: (limit) => `the account may send to ${limit} recipients a day`,
};

export interface NoticeWords {
  /** For a reply. */
  readonly short: string;
  readonly subject: string;
  readonly text: readonly string[];
}

export function noticeOf({ what, limit, isOver }: Reached): NoticeWords {
  const short = WORDS[what](limit);
  return {
    short,
    subject: isOver
      ? 'You have sent as much mail as your account may'
      : 'You have nearly sent as much mail as your account may',
    text: [
      `${short[0]?.toUpperCase()}${short.slice(1)}.`,
      isOver
        ? 'That many have been sent. What comes now is refused for the moment: mail programs keep it and send it later.'
        : 'Four fifths of that have been sent. When all are, mail is refused for the moment: mail programs keep it and send it later.',
      '',
      'If it was not you who sent so much, somebody else has your password: change it now, and tell whoever runs this server.',
      'If it was you and you need to send more, whoever runs this server can let you.',
    ],
  };
}

export interface NoticesOptions {
  readonly domain: Domain;
  readonly hostname: string;
  readonly postmaster: string;
}

export class Notices {
  readonly #options: NoticesOptions;
  readonly #told = new LruMap<string, number>(MAX_TOLD);

  constructor(options: NoticesOptions) {
    this.#options = options;
  }

  /** Resolves when it is durable, or was said a while ago. Throws MailboxError. */
  async tell(account: AccountState, reached: Reached): Promise<void> {
    const { domain, hostname, postmaster } = this.#options;
    const { address } = account.record;
    const nowMs = domain.clock.nowMs();
    const key = `${account.id} ${reached.what} ${reached.isOver}`;
    if ((this.#told.get(key) ?? Number.NEGATIVE_INFINITY) > nowMs - DAY_MS) return;
    this.#told.set(key, nowMs);
    const { short } = noticeOf(reached);
    domain.log.warn({ account: address, limit: short, isOver: reached.isOver }, 'an account sends much mail');
    const message = messageOf(reached, { to: address, hostname, nowMs });
    const received = await receive(domain.store, [account.id], message.length, message);
    const recipients = [...new Set([address, postmaster])].map((one) => ({
      ...{ address: one, route: 'local' as const, notify: NOTIFY.Never },
    }));
    const envelope = {
      ...{ kind: 'notice' as const, sender: '', isUtf8: false, isEightBit: false },
      ...{ requiresTls: false, isTlsOptional: false, expiresMs: nowMs + 2 * DAY_MS },
    };
    try {
      // However much of the account's mail waits: that is when somebody else may be at it.
      await acceptUnshown(domain, account, received, { envelope, recipients });
    } catch (error) {
      this.#told.delete(key);
      throw error;
    }
  }
}

function messageOf(
  reached: Reached,
  { to, hostname, nowMs }: { readonly to: string; readonly hostname: string; readonly nowMs: number },
): Buffer {
  const { subject, text } = noticeOf(reached);
  const lines = [
    `From: Mail server <postmaster@${hostname}>`,
    `To: <${to}>`,
    `Subject: ${subject}`,
    `Date: ${formatRfc5322(Math.floor(nowMs / 1000))}`,
    `Message-ID: <${nowMs}.${reached.what}.${reached.isOver ? 'over' : 'nearly'}@${hostname}>`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=us-ascii; format=flowed',
    '',
    `Account: ${to}`,
    '',
    ...text,
    '',
  ];
  return Buffer.from(lines.join('\r\n'));
}
