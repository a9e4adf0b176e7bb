/**
 * An account to which things happen at random, by a seed: mail comes, is answered, copied, moved, marked and goes, mailboxes as
 * well. What every message says is known, so that what is found can be compared with what there is.
 */

import { FLAG } from '../../src/mail/flags.ts';
import type { Domain } from '../../src/mailbox/domain.ts';
import { type EmailId, emailNumber } from '../../src/mailbox/model/model.ts';
import { appendMessages } from '../../src/mailbox/operations/append.ts';
import { copyMessages, moveMessages } from '../../src/mailbox/operations/copy.ts';
import { expungeMessages } from '../../src/mailbox/operations/expunge.ts';
import { changeFlags } from '../../src/mailbox/operations/flags.ts';
import { createMailbox, deleteMailbox } from '../../src/mailbox/operations/folders.ts';
import { receive } from '../../src/mailbox/operations/incoming.ts';
import type { AccountState } from '../../src/mailbox/state/account.ts';
import { loadList } from '../../src/mailbox/state/load.ts';
import type { MailboxState } from '../../src/mailbox/state/mailbox.ts';

/** What a message says. */
export interface Said {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly body: string;
  /** Seconds. */
  readonly sent: number;
  readonly hasAttachment: boolean;
  /** The email that began its thread. */
  readonly thread: number;
}

/** A message without \Deleted, as it is now. */
export interface Shown {
  readonly email: number;
  readonly mailbox: MailboxState;
  readonly uid: number;
  readonly flags: number;
  readonly keywords: readonly string[];
  readonly size: number;
  readonly internalDate: number;
}

const PEOPLE = ['Anna Berg', 'Åke Öst', 'bo', 'Cecilia', 'anna', 'Zoë'];
const SUBJECTS = ['Lunch', 'lunch?', 'Räksmörgås', 'Report 7', 'AAA', 'zebra'];
const WORDS = ['pigeon', 'harbour', 'skärgård', 'invoice', 'kaffe', 'window'];
const KEYWORDS = ['$Forwarded', 'work', 'Later'];
const BITS = [FLAG.Seen, FLAG.Flagged, FLAG.Answered, FLAG.Draft];
const DAY = 86_400;
const BEGIN = 1_700_000_000;

export class RandomAccount {
  readonly domain: Domain;
  readonly account: AccountState;
  /** By number. */
  readonly said = new Map<number, Said>();
  #seed: number;
  #made = 0;

  constructor(domain: Domain, account: AccountState, seed: number) {
    this.domain = domain;
    this.account = account;
    this.#seed = seed;
  }

  /** 0 to below `limit`. */
  pick(limit: number): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#seed / 2 ** 32) * limit);
  }

  oneOf<T>(all: readonly T[]): T {
    return all[this.pick(all.length)] as T;
  }

  get mailboxes(): readonly MailboxState[] {
    return [...this.account.mailboxes.values()];
  }

  /** Everything that JMAP shows, read from the lists themselves. */
  async shown(): Promise<readonly Shown[]> {
    const found: Shown[] = [];
    for (const mailbox of this.mailboxes) {
      const list = await loadList(this.domain, this.account, mailbox);
      const { columns } = list;
      for (let row = 0; row < list.count; row++) {
        const flags = columns.flags[row] as number;
        if ((flags & FLAG.Deleted) !== 0) continue;
        found.push({
          ...{ email: columns.email[row] as number, mailbox, uid: columns.uid[row] as number, flags },
          keywords: mailbox.keywords.namesOf(columns.keywordSet[row] as number).map((k) => k.toLowerCase()),
          size: columns.size[row] as number,
          internalDate: columns.internalDate[row] as number,
        });
      }
    }
    return found;
  }

  /** One thing happens. */
  async act(): Promise<void> {
    const what = this.pick(20);
    const mailbox = this.oneOf(this.mailboxes);
    if (what < 7) return await this.append(mailbox);
    if (what === 19) return await this.#changeMailboxes();
    const uids = await this.#someOf(mailbox);
    if (uids.length === 0) return;
    const { domain, account } = this;
    const other = this.oneOf(this.mailboxes);
    if (what < 9) await copyMessages(domain, account, mailbox, uids, what === 7 ? mailbox : other);
    else if (what < 11) await moveMessages(domain, account, mailbox, uids, other);
    else if (what === 11) await expungeMessages(domain, account, mailbox, { uids });
    else if (what === 12) await expungeMessages(domain, account, mailbox, {});
    else if (what < 15) await this.#mark(mailbox, uids, FLAG.Deleted, []);
    else if (what < 18) await this.#mark(mailbox, uids, this.oneOf(BITS), []);
    else await this.#mark(mailbox, uids, 0, [this.oneOf(KEYWORDS)]);
  }

  async append(mailbox: MailboxState): Promise<void> {
    const { domain, account } = this;
    const n = ++this.#made;
    const answered = this.pick(2) === 0 && this.said.size > 0 ? this.oneOf([...this.said.keys()]) : undefined;
    const said = {
      from: this.oneOf(PEOPLE),
      to: this.oneOf(PEOPLE),
      subject: this.oneOf(SUBJECTS),
      body: `${this.oneOf(WORDS)} ${this.oneOf(WORDS)}`,
      sent: BEGIN + this.pick(30) * DAY,
      hasAttachment: this.pick(4) === 0,
    };
    const id = (email: number): string => this.#ids.get(email) as string;
    const own = `<r${n}-${this.pick(1e9)}@example.com>`;
    const octets = messageOf(said, own, answered === undefined ? undefined : id(answered));
    const { facts, blob } = await receive(domain.store, [account.id], 1e7, octets);
    const flags = this.pick(3) === 0 ? this.oneOf(BITS) : 0;
    const internalDate = BEGIN + this.pick(40) * DAY;
    let email = 0;
    await appendMessages(domain, account, mailbox, [{ facts, blob, flags, keywords: [], internalDate }], {
      alongside: (_change, [made]) => {
        email = emailNumber(made as EmailId);
      },
    });
    this.#ids.set(email, own);
    const thread = answered === undefined ? email : (this.said.get(answered) as Said).thread;
    this.said.set(email, { ...said, thread });
  }

  readonly #ids = new Map<number, string>();

  async #someOf(mailbox: MailboxState): Promise<number[]> {
    const { columns, count } = await loadList(this.domain, this.account, mailbox);
    const uids = [...columns.uid.subarray(0, count)];
    const start = this.pick(uids.length + 1);
    return uids.slice(start, start + 1 + this.pick(3));
  }

  async #mark(mailbox: MailboxState, uids: number[], flags: number, keywords: string[]): Promise<void> {
    const mode = this.pick(3) === 0 ? 'remove' : 'add';
    await changeFlags(this.domain, this.account, mailbox, uids, { mode, flags, keywords });
  }

  async #changeMailboxes(): Promise<void> {
    const made = this.mailboxes.filter(({ name }) => name.startsWith('Box'));
    if (made.length > 0 && this.pick(2) === 0)
      await deleteMailbox(this.domain, this.account, this.oneOf(made).name);
    else await createMailbox(this.domain, this.account, `Box${++this.#made}`);
  }
}

type Written = Omit<Said, 'thread'>;

function messageOf(said: Written, id: string, answered: string | undefined): Buffer {
  const address = (name: string): string =>
    `=?utf-8?Q?${name.replace(/[^a-zA-Z]/g, (c) => [...Buffer.from(c)].map((o) => `=${o.toString(16).toUpperCase().padStart(2, '0')}`).join(''))}?= <x@example.com>`;
  const lines = [
    `From: ${address(said.from)}`,
    `To: ${address(said.to)}`,
    `Subject: ${answered === undefined ? '' : 'Re: '}${said.subject}`,
    `Date: ${new Date(said.sent * 1000).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: ${id}`,
    ...(answered === undefined ? [] : [`In-Reply-To: ${answered}`]),
    'MIME-Version: 1.0',
  ];
  const text = ['Content-Type: text/plain; charset=utf-8', '', said.body];
  const attached = [
    'Content-Type: application/pdf',
    'Content-Disposition: attachment; filename=a.pdf',
    '',
    'x',
  ];
  const body = said.hasAttachment
    ? ['Content-Type: multipart/mixed; boundary=b', '', '--b', ...text, '--b', ...attached, '--b--', '']
    : [...text, ''];
  return Buffer.from([...lines, ...body].join('\r\n'));
}
