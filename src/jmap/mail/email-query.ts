/**
 * Email/query and Email/queryChanges (RFC 8621 §4.4, §4.5).
 *
 * The state of a query is that of emails: what changed since is known by email, and where each of them is now in the list. With it goes
 * whatever else in the same threads may be affected, where threads are asked for. Texts are not looked for again for that.
 */
import { createHash } from 'node:crypto';
import { emailObjectId, emailOfObjectId } from '../../mailbox/model/object-ids.ts';
import { textsOf } from '../../mailbox/query/email-filter.ts';
import { listChanges } from '../../mailbox/query/list-changes.ts';
import { type EmailQuery, queryEmails } from '../../mailbox/query/query-emails.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { MAIL } from '../capabilities.ts';
import { boolean, withDefault } from '../core/arguments.ts';
import { MethodError } from '../core/fault.ts';
import type { Json } from '../core/json.ts';
import type { Call } from '../core/method.ts';
import { standardQuery } from '../core/standard-query.ts';
import { standardQueryChanges } from '../core/standard-query-changes.ts';
import { momentString, positionIn } from '../core/state-string.ts';
import { emailFilter } from './email-filter.ts';
import { emailSort } from './email-sort.ts';

/** Each of them may be looked for in all mail. */
const MOST_TEXTS = 100;
const ARGUMENTS = { collapseThreads: withDefault(boolean, false) };

export const emailQuery = standardQuery({
  type: 'Email',
  capability: MAIL,
  arguments: ARGUMENTS,
  async find({ account, call, filter, sort, needed, args }) {
    const query = queryOf(account, call, { filter, sort, collapses: args.collapseThreads, needed });
    const { moment, emails } = await queryEmails(call.domain, account, query);
    return {
      queryState: momentString('emails', moment),
      canCalculateChanges: canCalculate(query),
      total: emails.length,
      idAt: (index) => emailObjectId(emails[index] as number),
      indexOf: (id) => emails.indexOf(emailOfObjectId(id) ?? 0),
    };
  },
});

export const emailQueryChanges = standardQueryChanges({
  type: 'Email',
  capability: MAIL,
  arguments: ARGUMENTS,
  async find({ account, call, filter, sort, sinceQueryState, upToId, most, args }) {
    const query = queryOf(account, call, {
      filter,
      sort,
      collapses: args.collapseThreads,
      needed: undefined,
    });
    const position = positionIn('emails', sinceQueryState);
    if (position === undefined || position.told !== undefined || !canCalculate(query)) return undefined;
    const changes = await listChanges(call.domain, account, query, position.since, most);
    if (changes === undefined) return undefined;
    if (changes === 'many') throw new MethodError('tooManyChanges');
    const { moment, total, removed, added, indexOf } = changes;
    const last = upToId === undefined ? -1 : indexOf(emailOfObjectId(upToId) ?? 0);
    // One that has moved itself is no end of anything.
    const isEnd = last >= 0 && !added.some(({ index }) => index === last);
    return {
      newQueryState: momentString('emails', moment),
      total,
      removed: removed.map(emailObjectId),
      added: added
        .filter(({ index }) => !isEnd || index < last)
        .map(({ email, index }) => ({ id: emailObjectId(email), index })),
    };
  },
});

interface Asked extends Pick<EmailQuery, 'collapses' | 'needed'> {
  readonly filter: Json | undefined;
  readonly sort: Json | undefined;
}

function queryOf(
  account: AccountState,
  { limits, gone }: Call,
  { filter, sort, ...rest }: Asked,
): EmailQuery {
  const asked = JSON.stringify([filter ?? null, sort ?? null]);
  const name = asked.length < 1000 ? asked : createHash('sha256').update(asked).digest('base64');
  const wanted = emailFilter(account, filter, limits);
  if (textsOf(wanted).filter(({ isDeep }) => isDeep).length > MOST_TEXTS)
    throw new MethodError(
      'unsupportedFilter',
      `at most ${MOST_TEXTS} words can be looked for in whole texts at once`,
    );
  return { name, filter: wanted, sort: emailSort(sort), gone, ...rest };
}

function canCalculate({ filter }: EmailQuery): boolean {
  return textsOf(filter).length === 0;
}
