/** Lists of emails against what anybody can see who looks at every message; kept ones, made up to date, against new ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestDomain } from '../../../test/kit/domain.ts';
import { RandomAccount, type Said, type Shown } from '../../../test/kit/random-account.ts';
import { casemapped } from '../../mail/collation.ts';
import { FLAG } from '../../mail/flags.ts';
import type { TextCollation } from '../../mail/fold.ts';
import type { MailboxId } from '../model/model.ts';
import { emailsChangedSince } from '../reading/email-changes.ts';
import type { EmailComparator, EmailFilter } from './email-filter.ts';
import { FLAG_OF_KEYWORD } from './email-rows.ts';
import { queryEmails } from './query-emails.ts';

const DAY = 86_400;
const BEGIN = 1_700_000_000;

type ByEmail = ReadonlyMap<number, readonly Shown[]>;

class Oracle {
  readonly #mail: RandomAccount;
  readonly emails: ByEmail;

  constructor(mail: RandomAccount, shown: readonly Shown[]) {
    this.#mail = mail;
    this.emails = Map.groupBy(shown, ({ email }) => email);
  }

  list(filter: EmailFilter, sort: readonly EmailComparator[], collapses: boolean): number[] {
    const found = [...this.emails.keys()].filter((email) => this.#matches(email, filter));
    const sign = sort[0]?.isDescending === true ? -1 : 1;
    found.sort((a, b) => {
      for (const comparator of sort) {
        const [x, y] = [this.#value(a, comparator), this.#value(b, comparator)];
        if (x !== y) return (x < y ? -1 : 1) * (comparator.isDescending ? -1 : 1);
      }
      return sign * (a - b);
    });
    if (!collapses) return found;
    const met = new Set<number>();
    return found.filter((email) => {
      const { thread } = this.#said(email);
      return !met.has(thread) && met.add(thread);
    });
  }

  #said(email: number): Said {
    return this.#mail.said.get(email) as Said;
  }

  #shown(email: number): readonly Shown[] {
    return this.emails.get(email) as readonly Shown[];
  }

  #has(email: number, keyword: string): boolean {
    const bit = FLAG_OF_KEYWORD.get(keyword);
    const shown = this.#shown(email);
    if (bit === undefined) return shown.some(({ keywords }) => keywords.includes(keyword));
    const has = ({ flags }: Shown): boolean => (flags & bit) !== 0;
    return bit === FLAG.Seen ? shown.every(has) : shown.some(has);
  }

  #inThread(email: number, keyword: string): readonly boolean[] {
    const { thread } = this.#said(email);
    const members = [...this.emails.keys()].filter((other) => this.#said(other).thread === thread);
    return members.map((member) => this.#has(member, keyword));
  }

  #matches(email: number, filter: EmailFilter): boolean {
    const shown = this.#shown(email);
    const [first] = shown as [Shown];
    const said = this.#said(email);
    switch (filter.kind) {
      case 'all':
        return true;
      case 'in':
        return shown.some(({ mailbox }) => mailbox.id === filter.mailbox);
      case 'in-other-than':
        return shown.some(({ mailbox }) => !filter.mailboxes.has(mailbox.id));
      case 'received':
        return first.internalDate >= filter.from && first.internalDate < filter.until;
      case 'size':
        return first.size >= filter.from && first.size < filter.until;
      case 'attachment':
        return said.hasAttachment === filter.isThere;
      case 'keyword':
        return this.#has(email, filter.keyword);
      case 'thread-keyword': {
        const have = this.#inThread(email, filter.keyword);
        if (filter.which === 'none') return !have.includes(true);
        return filter.which === 'all' ? !have.includes(false) : have.includes(true);
      }
      case 'text': {
        const { criterion } = filter;
        if (criterion.kind === 'field') {
          const address = criterion.field === 'subject' ? '' : ' <x@example.com>';
          const text = said[criterion.field as 'from'] + address;
          return casemapped(text).includes(casemapped(criterion.value));
        }
        assert.ok(criterion.kind === 'body');
        return casemapped(said.body).includes(casemapped(criterion.value));
      }
      case 'and':
        return filter.filters.every((one) => this.#matches(email, one));
      case 'or':
        return filter.filters.some((one) => this.#matches(email, one));
      case 'not':
        return !this.#matches(email, filter.filter);
    }
  }

  #value(email: number, comparator: EmailComparator): number | string {
    const said = this.#said(email);
    switch (comparator.by) {
      case 'received':
        return (this.#shown(email)[0] as Shown).internalDate;
      case 'sent':
        return said.sent;
      case 'size':
        return (this.#shown(email)[0] as Shown).size;
      case 'keyword':
        return Number(this.#has(email, comparator.keyword));
      case 'all-in-thread':
        return Number(!this.#inThread(email, comparator.keyword).includes(false));
      case 'some-in-thread':
        return Number(this.#inThread(email, comparator.keyword).includes(true));
      default:
        return collated(said[comparator.by], comparator.collation);
    }
  }
}

function collated(text: string, collation: TextCollation): string {
  if (collation === 'i;unicode-casemap') return text.toUpperCase().normalize('NFKD');
  const octets = Buffer.from(text).toString('latin1');
  return collation === 'i;octet' ? octets : octets.replace(/[a-z]/g, (letter) => letter.toUpperCase());
}

const COLLATIONS = ['i;unicode-casemap', 'i;ascii-casemap', 'i;octet'] as const;
const KEYWORDS = ['$seen', '$flagged', '$answered', '$draft', '$forwarded', 'work', 'later', 'nobody'];

function randomFilter(mail: RandomAccount, depth: number, isText: boolean): EmailFilter {
  const mailboxes = mail.mailboxes.map(({ id }) => id);
  switch (mail.pick(depth > 0 ? 14 : 10)) {
    case 0:
      return { kind: 'in', mailbox: mail.pick(8) === 0 ? (9999 as MailboxId) : mail.oneOf(mailboxes) };
    case 1:
      return { kind: 'in-other-than', mailboxes: new Set([mail.oneOf(mailboxes), mail.oneOf(mailboxes)]) };
    case 2:
      return { kind: 'received', from: BEGIN + mail.pick(20) * DAY, until: BEGIN + mail.pick(60) * DAY };
    case 3:
      return { kind: 'size', from: mail.pick(400), until: 300 + mail.pick(400) };
    case 4:
      return { kind: 'attachment', isThere: mail.pick(2) === 0 };
    case 5:
    case 6:
      return { kind: 'keyword', keyword: mail.oneOf(KEYWORDS) };
    case 7:
      return {
        kind: 'thread-keyword',
        which: mail.oneOf(['all', 'some', 'none'] as const),
        keyword: mail.oneOf(KEYWORDS),
      };
    case 8:
      if (!isText) return { kind: 'all' };
      return {
        kind: 'text',
        isDeep: false,
        criterion: {
          kind: 'field',
          field: mail.oneOf(['from', 'to', 'subject'] as const),
          value: mail.oneOf(['A', 'ö', 'lunch', 'port']),
        },
      };
    case 9:
      if (!isText) return { kind: 'all' };
      return {
        kind: 'text',
        isDeep: true,
        criterion: { kind: 'body', value: mail.oneOf(['pigeon', 'KAFFE', 'skärg', 'ind']) },
      };
    case 10:
      return { kind: 'not', filter: randomFilter(mail, depth - 1, isText) };
    default: {
      const filters = Array.from({ length: mail.pick(4) }, () => randomFilter(mail, depth - 1, isText));
      return { kind: mail.oneOf(['and', 'or'] as const), filters };
    }
  }
}

function randomSort(mail: RandomAccount): readonly EmailComparator[] {
  if (mail.pick(3) === 0) return [{ by: 'received', isDescending: mail.pick(2) === 0 }];
  return Array.from({ length: mail.pick(3) }, () => {
    const isDescending = mail.pick(2) === 0;
    const by = mail.oneOf(['received', 'received', 'sent', 'size', 'from', 'to', 'subject'] as const);
    if (by === 'from' || by === 'to' || by === 'subject')
      return { by, collation: mail.oneOf(COLLATIONS), isDescending };
    if (mail.pick(2) > 0) return { by, isDescending };
    const asked = mail.oneOf(['keyword', 'all-in-thread', 'some-in-thread'] as const);
    return { by: asked, keyword: mail.oneOf(KEYWORDS), isDescending };
  });
}

const nameOf = (filter: EmailFilter, sort: readonly EmailComparator[]): string =>
  JSON.stringify([filter, sort], (_, value) => (value instanceof Set ? [...value] : value));

async function openRandom(seed: number) {
  const kit = await openTestDomain();
  const { id } = await kit.addAccount('alice@example.com', 'secret');
  const mail = new RandomAccount(kit.domain, await kit.domain.accounts.open(id), seed);
  return { kit, mail };
}

test('property: every filter and order, collapsed and not, gives what is there', async () => {
  for (let seed = 1; seed <= 2; seed++) {
    const { kit, mail } = await openRandom(seed);
    const { domain, account } = mail;
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 6; i++) await mail.act();
      const oracle = new Oracle(mail, await mail.shown());
      for (let i = 0; i < 6; i++) {
        const filter = randomFilter(mail, 2, true);
        const sort = randomSort(mail);
        const collapses = mail.pick(2) === 0;
        const name = nameOf(filter, sort);
        const expected = oracle.list(filter, sort, collapses);
        const needed = mail.pick(2) === 0 ? undefined : mail.pick(10);
        const found = await queryEmails(domain, account, { name, filter, sort, collapses, needed });
        const emails = [...found.emails];
        const what = `seed ${seed}, round ${round}: ${name} ${collapses}`;
        if (found.isWhole) assert.deepEqual(emails, expected, what);
        else assert.deepEqual(emails, expected.slice(0, emails.length), what);
        assert.ok(found.isWhole || emails.length >= (needed ?? Number.POSITIVE_INFINITY), what);
      }
    }
    await kit.close();
  }
});

test('property: a kept list that is brought up to date is the list made anew, and what changed says how it came about', async () => {
  for (let seed = 11; seed <= 12; seed++) {
    const { kit, mail } = await openRandom(seed);
    const { domain, account } = mail;
    for (let i = 0; i < 30; i++) await mail.act();
    const queries = Array.from({ length: 7 }, () => ({
      filter: randomFilter(mail, 1, false),
      sort: randomSort(mail),
      collapses: mail.pick(2) === 0,
    }));
    for (let round = 0; round < 60; round++) {
      const before = [];
      for (const query of queries)
        before.push(
          await queryEmails(domain, account, {
            ...query,
            name: nameOf(query.filter, query.sort),
            needed: undefined,
          }),
        );
      for (let i = mail.pick(4); i >= 0; i--) await mail.act();
      const oracle = new Oracle(mail, await mail.shown());
      for (const [i, query] of queries.entries()) {
        const name = nameOf(query.filter, query.sort);
        const { emails, moment } = await queryEmails(domain, account, { ...query, name, needed: undefined });
        const expected = oracle.list(query.filter, query.sort, query.collapses);
        assert.deepEqual([...emails], expected, `seed ${seed}, round ${round}: ${name}`);
        assert.ok(moment.nextEmail === account.nextEmail);
        const changed = await emailsChangedSince(
          domain,
          account,
          (before[i] as (typeof before)[0]).moment,
          1e6,
        );
        assert.ok(typeof changed === 'object');
      }
    }
    await kit.close();
  }
});
