/**
 * What fills an account, as its quota counts: every message in a mailbox by its size, a copy too. By mailbox, by who sent it, by age, by what
 * is attached, and the largest messages. Of all messages, so it takes a second or so for a hundred thousand; in small pieces.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import { EnvelopeReader } from '../../mail/envelope-reader.ts';
import { structureParts } from '../../mail/structure-parts.ts';
import type { Domain } from '../domain.ts';
import type { EmailFacts } from '../model/facts.ts';
import { emailId, type MailboxId, type Role } from '../model/model.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { sumOfDeleted } from './deleted-mail.ts';
import { loadFacts } from './message-reader.ts';

export interface UsageSum {
  readonly bytes: number;
  readonly messages: number;
}

export interface NamedUsage extends UsageSum {
  readonly name: string;
}

export interface MailboxUsage extends NamedUsage {
  readonly id: MailboxId;
  readonly role?: Role;
}

export interface AgeUsage extends NamedUsage {
  /** Younger than so many days; absent: older than all the others. */
  readonly days?: number;
}

export interface LargeMessage {
  readonly mailbox: string;
  readonly mailboxId: MailboxId;
  readonly uid: number;
  readonly email: number;
  readonly bytes: number;
  /** Seconds. */
  readonly internalDate: number;
  /** Decoded; empty where there is none. */
  readonly from: string;
  readonly subject: string;
}

export interface Usage {
  readonly total: UsageSum;
  /** The largest first, as all lists here. */
  readonly mailboxes: readonly MailboxUsage[];
  /** By address, in lower case; '' is mail that does not say. At most `MOST_LISTED`. */
  readonly senders: readonly NamedUsage[];
  /** By when they came, the youngest first, however large. */
  readonly ages: readonly AgeUsage[];
  /** Octets of parts as they are in messages. The rest of a message is text. */
  readonly kinds: readonly NamedUsage[];
  readonly largest: readonly LargeMessage[];
  /** What was deleted and can be brought back: the quota counts nothing of it. */
  readonly recoverable: UsageSum;
  /** What came within thirty days and stayed, by the last three months: without Trash and Junk, which are emptied. */
  readonly monthlyBytes: number;
}

export const MOST_LISTED = 20;
const DAY_S = 86_400;
/** Younger than so many days. */
const AGES: readonly (readonly [name: string, days: number])[] = [
  ['last month', 30],
  ['last year', 365],
  ['last 2 years', 2 * 365],
  ['last 5 years', 5 * 365],
  ['older', Number.POSITIVE_INFINITY],
];
const BATCH = 300;
/** Addresses that are kept apart; what others sent is small and listed nowhere. */
const MOST_SENDERS = 50_000;

export async function usageOf(domain: Domain, account: AccountState): Promise<Usage> {
  const count = new Count(Math.floor(domain.clock.nowMs() / 1000));
  for (const mailbox of [...account.mailboxes.values()]) await countMailbox(domain, account, mailbox, count);
  return { ...count.usage(), recoverable: await sumOfDeleted(domain, account) };
}

async function countMailbox(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  count: Count,
): Promise<void> {
  const slice = new TimeSlice();
  count.begin(mailbox);
  for (let after = 0; ; ) {
    // Rows move while it waits: the place is found again by its UID.
    const list = await loadList(domain, account, mailbox);
    const start = list.lowerBound(after + 1);
    const end = Math.min(list.count, start + BATCH);
    if (start >= end) return;
    const { uid, email, size, internalDate } = list.columns;
    const rows = Array.from({ length: end - start }, (_, i) => ({
      uid: uid[start + i] as number,
      email: email[start + i] as number,
      bytes: size[start + i] as number,
      internalDate: internalDate[start + i] as number,
    }));
    after = rows.at(-1)?.uid ?? after;
    const facts = await loadFacts(
      domain,
      rows.map((row) => emailId(account.id, row.email)),
      ['envelope', 'bodyStructure'],
    );
    for (const [i, row] of rows.entries()) {
      count.add(mailbox, row, facts[i]);
      const rest = slice.spent();
      if (rest !== undefined) await rest;
    }
  }
}

interface Row {
  readonly uid: number;
  readonly email: number;
  readonly bytes: number;
  readonly internalDate: number;
}

class Count {
  readonly #nowS: number;
  readonly #mailboxes: MailboxUsage[] = [];
  readonly #senders = new Sums(MOST_SENDERS);
  readonly #ages = new Sums(AGES.length);
  readonly #growth = new Growth();
  readonly #kinds = new Sums(KINDS.length + 1);
  #largest: LargeMessage[] = [];
  #total: UsageSum = { bytes: 0, messages: 0 };

  constructor(nowS: number) {
    this.#nowS = nowS;
    for (const [name] of AGES) this.#ages.add(name, 0, 0);
  }

  begin({ id, name, role, bytes, exists }: MailboxState): void {
    this.#mailboxes.push({ id, name, bytes, messages: exists, ...(role === undefined ? {} : { role }) });
  }

  add({ id, name, role }: MailboxState, row: Row, facts: EmailFacts | undefined): void {
    const { uid, email, bytes, internalDate } = row;
    this.#total = { bytes: this.#total.bytes + bytes, messages: this.#total.messages + 1 };
    const days = (this.#nowS - internalDate) / DAY_S;
    if (role !== 'trash' && role !== 'junk') this.#growth.add(days, bytes);
    const [age] = AGES.find(([, most]) => days < most) ?? [''];
    this.#ages.add(age, bytes);
    const envelope = new EnvelopeReader(facts?.envelope?.toString('latin1') ?? '');
    const [from = ''] = envelope.addressesOf('from');
    this.#senders.add(from.toLowerCase(), bytes);
    const kinds = new Set<string>();
    for (const { mediaType, sizeBytes } of structureParts(facts?.bodyStructure ?? NOTHING)) {
      const kind = kindOf(mediaType);
      if (kind === undefined) continue;
      this.#kinds.add(kind, sizeBytes, kinds.has(kind) ? 0 : 1);
      kinds.add(kind);
    }
    if (this.#largest.length === MOST_LISTED && bytes <= (this.#largest.at(-1)?.bytes ?? 0)) return;
    this.#largest.push({
      ...{ mailbox: name, mailboxId: id, uid, email, bytes, internalDate, from },
      subject: envelope.text('subject') ?? '',
    });
    this.#largest = this.#largest.sort((a, b) => b.bytes - a.bytes).slice(0, MOST_LISTED);
  }

  usage(): Omit<Usage, 'recoverable'> {
    return {
      total: this.#total,
      mailboxes: this.#mailboxes.sort((a, b) => b.bytes - a.bytes),
      senders: this.#senders.largest(),
      ages: this.#ages.all().map((age, i) => ({ ...age, ...daysOf(i) })),
      kinds: this.#kinds.largest(),
      largest: this.#largest,
      monthlyBytes: this.#growth.monthlyBytes,
    };
  }
}

function daysOf(age: number): Pick<AgeUsage, 'days'> {
  const [, days = Number.POSITIVE_INFINITY] = AGES[age] ?? [];
  return Number.isFinite(days) ? { days } : {};
}

const MONTH_DAYS = 30;
const GROWTH_DAYS = 90;

/** Of an account that has less than three months, what there is counts for the time that it has. */
class Growth {
  #bytes = 0;
  #oldestDays = MONTH_DAYS;

  add(days: number, bytes: number): void {
    this.#oldestDays = Math.max(this.#oldestDays, days);
    if (days < GROWTH_DAYS) this.#bytes += bytes;
  }

  get monthlyBytes(): number {
    return Math.round((this.#bytes * MONTH_DAYS) / Math.min(this.#oldestDays, GROWTH_DAYS));
  }
}

class Sums {
  readonly #most: number;
  readonly #sums = new Map<string, { bytes: number; messages: number }>();

  constructor(most: number) {
    this.#most = most;
  }

  add(name: string, bytes: number, messages = 1): void {
    const sum = this.#sums.get(name);
    if (sum !== undefined) {
      sum.bytes += bytes;
      sum.messages += messages;
    } else if (this.#sums.size < this.#most) this.#sums.set(name, { bytes, messages });
  }

  all(): NamedUsage[] {
    return [...this.#sums].map(([name, sum]) => ({ name, ...sum }));
  }

  largest(): NamedUsage[] {
    return this.all()
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, MOST_LISTED);
  }
}

const NOTHING = Buffer.alloc(0);
/** What begins like this; text is no attachment. */
const KINDS: readonly (readonly [start: string, kind: string | undefined])[] = [
  ['text/', undefined],
  ['image/', 'pictures'],
  ['video/', 'video'],
  ['audio/', 'audio'],
  ['message/', 'messages'],
  ['application/pdf', 'documents'],
  ['application/msword', 'documents'],
  ['application/vnd.', 'documents'],
  ['application/rtf', 'documents'],
  ['application/zip', 'archives'],
  ['application/x-zip', 'archives'],
  ['application/gzip', 'archives'],
  ['application/x-gzip', 'archives'],
  ['application/x-tar', 'archives'],
  ['application/x-7z', 'archives'],
  ['application/x-rar', 'archives'],
];

function kindOf(mediaType: string): string | undefined {
  const known = KINDS.find(([start]) => mediaType.startsWith(start));
  return known === undefined ? 'other files' : known[1];
}
