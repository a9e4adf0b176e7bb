/**
 * ShareNotification (RFC 9670 §3): what others have let one into, and what they have taken back, with who did it. They are kept with the
 * account that is told, and destroyed when they were read.
 */
import type { BelongingRow } from '../../mailbox/model/belongings.ts';
import { mailboxObjectId } from '../../mailbox/model/object-ids.ts';
import { noticeIn, type ShareNotice } from '../../mailbox/operations/share-notices.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { loadBelongings } from '../../mailbox/state/belongings.ts';
import { accountObjectId } from '../core/account-id.ts';
import { optional, text, utcDate } from '../core/arguments.ts';
import {
  belongingChanges,
  belongingId,
  belongingOfId,
  belongingState,
  belongingsNow,
} from '../core/belonging-state.ts';
import { SetError } from '../core/fault.ts';
import { conditionOf, matches, readFilter } from '../core/filter.ts';
import type { JsonObject } from '../core/json.ts';
import type { Method } from '../core/method.ts';
import { inOrder, readSort } from '../core/sort.ts';
import { standardChanges } from '../core/standard-changes.ts';
import { picked, standardGet } from '../core/standard-get.ts';
import { namedResult, standardQuery } from '../core/standard-query.ts';
import { standardQueryChanges } from '../core/standard-query-changes.ts';
import { eachByItself, standardSet } from '../core/standard-set.ts';
import { utcDateOf } from '../core/utc-date.ts';
import { rightsObject } from '../mailboxes/rights-object.ts';
import { PRINCIPALS } from './capability.ts';
import { principalId } from './principal-id.ts';

const KIND = 'share';
const TYPE = 'ShareNotification';
const PROPERTIES = [
  ...['id', 'created', 'changedBy', 'objectType', 'objectAccountId', 'objectId'],
  ...['oldRights', 'newRights', 'name'],
];

interface Told {
  readonly row: BelongingRow;
  readonly notice: ShareNotice;
}

function toldIn(rows: readonly BelongingRow[]): readonly Told[] {
  return rows.flatMap((row) => {
    const notice = noticeIn(row);
    return notice === undefined ? [] : [{ row, notice }];
  });
}

const get = standardGet({
  type: TYPE,
  capability: PRINCIPALS,
  properties: PROPERTIES,
  arguments: {},
  async find({ account, call, ids, properties }) {
    const { state, rows } = await belongingsNow(call, account, KIND);
    const byId = new Map(toldIn(rows).map((one) => [belongingId(KIND, one.row.id), one]));
    const wanted = ids ?? [...byId.keys()];
    const found = wanted.flatMap((id) => byId.get(id) ?? []);
    return {
      state,
      list: found.map((one) => objectOf(one, properties)),
      notFound: wanted.filter((id) => !byId.has(id)),
    };
  },
});

const changes = standardChanges({
  type: TYPE,
  capability: PRINCIPALS,
  find: ({ account, call, sinceState, maxChanges }) =>
    belongingChanges(call, account, { kind: KIND, sinceState, maxChanges }),
});

const set = standardSet({
  type: TYPE,
  capability: PRINCIPALS,
  arguments: {},
  state: (account, call) => belongingState(call, account, KIND),
  apply: (request) => {
    const { account, call } = request;
    return eachByItself(request, {
      create: async () => {
        throw new SetError('forbidden', 'the server makes them');
      },
      update: async () => {
        throw new SetError('forbidden', 'they say what happened');
      },
      async destroy(id) {
        await loadBelongings(call.domain, account);
        const number = belongingOfId(KIND, id) ?? 0;
        await call.domain.turns.run({
          account,
          run: (change) => {
            if (!isNotice(account, number)) throw new SetError('notFound');
            change.belongings.drop(number);
          },
        });
      },
    });
  },
});

const CONDITION = {
  after: optional(utcDate),
  before: optional(utcDate),
  objectType: optional(text),
  objectAccountId: optional(text),
};

const query = standardQuery({
  type: TYPE,
  capability: PRINCIPALS,
  arguments: {},
  async find({ account, call, filter, sort }) {
    const tree = filter === undefined ? undefined : readFilter(filter, testOf, call.limits);
    const orders = readSort(sort, ['created']).map(({ isAscending }) => ({
      isAscending,
      compare: (a: Told, b: Told) => a.row.atMs - b.row.atMs,
    }));
    const { state, rows } = await belongingsNow(call, account, KIND);
    const found = toldIn(rows)
      .filter((one) => tree === undefined || matches(tree, (test) => test(one)))
      .sort(inOrder(orders, (a, b) => a.row.id - b.row.id));
    const ids = found.map(({ row }) => belongingId(KIND, row.id));
    return namedResult(ids, { queryState: state, canCalculateChanges: false });
  },
});

/** A hundred at most: whoever wants to know asks for all. */
const queryChanges = standardQueryChanges({
  type: TYPE,
  capability: PRINCIPALS,
  arguments: {},
  find: async () => undefined,
});

export const NOTIFICATION_METHODS: readonly Method[] = [get, changes, set, query, queryChanges];

function testOf(object: JsonObject): (one: Told) => boolean {
  const { after, before, objectType, objectAccountId } = conditionOf(object, CONDITION);
  return ({ row, notice }) =>
    (after === undefined || row.atMs >= after) &&
    (before === undefined || row.atMs < before) &&
    (objectType === undefined || objectType === 'Mailbox') &&
    (objectAccountId === undefined || objectAccountId === accountObjectId(notice.owner));
}

function isNotice({ belongings }: AccountState, number: number): boolean {
  const row = belongings?.get(number);
  return row?.kind === KIND && row.value !== undefined;
}

function objectOf({ row, notice }: Told, properties: ReadonlySet<string>): JsonObject {
  const { by, owner, mailbox, name, before, after } = notice;
  const rights = (letters: ShareNotice['before']): JsonObject | null =>
    letters === '' ? null : rightsObject(letters, { name }, true);
  return picked(properties, {
    id: () => belongingId(KIND, row.id),
    created: () => utcDateOf(row.atMs),
    changedBy: () => ({ name: by, email: by, principalId: principalId(by) ?? null }),
    objectType: () => 'Mailbox',
    objectAccountId: () => accountObjectId(owner),
    objectId: () => mailboxObjectId(mailbox),
    oldRights: () => rights(before),
    newRights: () => rights(after),
    name: () => name,
  });
}
