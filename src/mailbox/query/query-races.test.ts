/**
 * Lists that are asked for while things happen, and while the store refuses some of them and is slow: whoever keeps a list by what it is
 * told has, when all is quiet, the list that there is.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Random } from '../../../test/crash/random.ts';
import { openTestDomain } from '../../../test/kit/domain.ts';
import { RandomAccount } from '../../../test/kit/random-account.ts';
import { CALM, UnreliableStore } from '../../../test/kit/unreliable-store.ts';
import type { EmailComparator, EmailFilter } from './email-filter.ts';
import { listChanges } from './list-changes.ts';
import { queryEmails } from './query-emails.ts';
import { threadEmails } from './thread-emails.ts';

const NEWEST: readonly EmailComparator[] = [{ by: 'received', isDescending: true }];

interface View {
  readonly name: string;
  readonly filter: EmailFilter;
  readonly sort: readonly EmailComparator[];
  readonly collapses: boolean;
  readonly needed: undefined;
}

/** Keeps one list by what it is told. */
class Keeper {
  #list: number[] = [];
  #moment: Parameters<typeof listChanges>[3] | undefined;
  readonly #mail: RandomAccount;
  readonly #view: View;

  constructor(mail: RandomAccount, view: View) {
    this.#mail = mail;
    this.#view = view;
  }

  get list(): readonly number[] {
    return this.#list;
  }

  #asking: Promise<void> = Promise.resolve();

  /** One question after the other. */
  ask(): Promise<void> {
    this.#asking = this.#asking.then(() => this.#ask());
    return this.#asking;
  }

  async #ask(): Promise<void> {
    const { domain, account } = this.#mail;
    const changes = this.#moment && (await listChanges(domain, account, this.#view, this.#moment, 100_000));
    if (changes === undefined || changes === 'many') {
      const { moment, emails } = await queryEmails(domain, account, this.#view);
      this.#moment = moment;
      this.#list = [...emails];
      return;
    }
    const removed = new Set(changes.removed);
    this.#list = this.#list.filter((email) => !removed.has(email));
    for (const { email, index } of changes.added) {
      assert.ok(!this.#list.includes(email), `${email} is in the list twice`);
      this.#list.splice(index, 0, email);
    }
    assert.equal(this.#list.length, changes.total);
    this.#moment = changes.moment;
  }
}

for (const seed of [1, 2, 3])
  test(`property: lists kept through changes, refusals and slow reads come to what there is (${seed})`, async (t) => {
    let store: UnreliableStore | undefined;
    const kit = await openTestDomain({
      wrapStore: (inner) => {
        store = new UnreliableStore(inner, new Random(seed));
        return store;
      },
    });
    t.after(() => kit.close());
    const unreliable = store as UnreliableStore;
    const { id } = await kit.addAccount('alice@example.com', 'secret');
    const mail = new RandomAccount(kit.domain, await kit.domain.accounts.open(id), seed);
    const inbox = mail.account.byName.get('INBOX')?.id as never;
    for (let i = 0; i < 20; i++) await mail.act();
    const filters: readonly EmailFilter[] = [
      { kind: 'in', mailbox: inbox },
      { kind: 'all' },
      { kind: 'keyword', keyword: '$flagged' },
      { kind: 'thread-keyword', which: 'some', keyword: '$seen' },
    ];
    const views = filters.flatMap((filter, i) =>
      [true, false].map(
        (collapses): View => ({ name: `${i}`, filter, sort: NEWEST, collapses, needed: undefined }),
      ),
    );
    const keepers = views.map((view) => new Keeper(mail, view));
    unreliable.weather = { ...CALM, refusal: 0.2, refusals: ['io', 'full'], slowRead: 0.3 };
    const running: Promise<unknown>[] = [];
    for (let round = 0; round < 60; round++) {
      running.push(mail.act().catch(() => {}));
      if (round % 7 === 0) mail.domain.accounts.emailLists.dropUnused(Number.POSITIVE_INFINITY);
      running.push((keepers[round % keepers.length] as Keeper).ask());
      if (round % 3 === 0) await nextTurn();
      if (round % 10 === 9) await Promise.all(running.splice(0));
    }
    await Promise.all(running);
    unreliable.weather = CALM;
    for (const [i, keeper] of keepers.entries()) {
      await keeper.ask();
      mail.domain.accounts.emailLists.dropUnused(Number.POSITIVE_INFINITY);
      const { emails } = await queryEmails(mail.domain, mail.account, views[i] as View);
      assert.deepEqual(keeper.list, [...emails], JSON.stringify((views[i] as View).filter));
    }
    const shown = new Set((await mail.shown()).map(({ email }) => email));
    const { emails } = await queryEmails(mail.domain, mail.account, views[3] as View);
    assert.deepEqual(
      [...emails].sort((a, b) => a - b),
      [...shown].sort((a, b) => a - b),
    );
    const wanted = new Set([...shown].map((email) => mail.said.get(email)?.thread as number));
    const { threads } = await threadEmails(mail.domain, mail.account, wanted);
    for (const email of shown) {
      const thread = mail.said.get(email)?.thread as number;
      assert.ok(threads.get(thread)?.includes(email), `${email} is not in its thread ${thread}`);
    }
  });
