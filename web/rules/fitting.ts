/** Which mail that is there a rule would be about: said before it is kept, and done to it when the person wants that. */
import type { Action, EmailPatch } from '../sync/actions.ts';
import type { JmapClient } from '../sync/jmap-client.ts';
import type { Email, Filter, Id } from '../sync/model.ts';
import { octetsOf, type Rule, type RuleTest } from './rule.ts';

export type FittingMail = Pick<Email, 'id' | 'from' | 'subject' | 'mailboxIds' | 'keywords'>;

export interface Fitting {
  readonly total: number;
  /** The newest. */
  readonly some: readonly FittingMail[];
}

const SHOWN = 3;
/** What is done at once to mail that is there. */
export const MOST_AT_ONCE = 1000;

export function filterOf({ isAll, tests }: Pick<Rule, 'isAll' | 'tests'>): Filter {
  return { operator: isAll ? 'AND' : 'OR', conditions: tests.map(condition) };
}

function condition({ on, value }: RuleTest): Filter {
  switch (on) {
    case 'larger':
      return { minSize: (octetsOf(value) ?? 0) + 1 };
    case 'body':
      return { body: phrase(value) };
    case 'to':
      return { operator: 'OR', conditions: [{ header: ['To', value] }, { header: ['Cc', value] }] };
    default:
      return { header: [on === 'list' ? 'List-Id' : on === 'from' ? 'From' : 'Subject', value] };
  }
}

/** One phrase, not words that stand anywhere (RFC 8621 §4.4.1). */
function phrase(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

export async function fitting(
  client: JmapClient,
  rule: Pick<Rule, 'isAll' | 'tests'>,
  { inbox, limit = SHOWN }: { readonly inbox: Id | undefined; readonly limit?: number },
): Promise<Fitting> {
  if (inbox === undefined) return { total: 0, some: [] };
  const filter = { operator: 'AND', conditions: [{ inMailbox: inbox }, filterOf(rule)] };
  const sort = [{ property: 'receivedAt', isAscending: false }];
  const query = client.call<{ readonly total: number }>('Email/query', {
    ...{ filter, sort, limit, calculateTotal: true },
  });
  const { list } = await client.call<{ readonly list: readonly FittingMail[] }>('Email/get', {
    '#ids': query.ref('/ids'),
    properties: ['id', 'from', 'subject', 'mailboxIds', 'keywords'],
  }).result;
  return { total: (await query.result).total, some: list };
}

/** What the rule does, and what takes it back. Nothing is sent again. */
export function deedsOf(
  { move, isRead, isStarred }: Rule,
  mails: readonly FittingMail[],
  inbox: Id,
): { readonly action: Action; readonly undo: Action } {
  const keywords = { ...(isRead ? { $seen: true } : {}), ...(isStarred ? { $flagged: true } : {}) };
  const moves = move !== undefined && move !== inbox;
  const patch = ({ id }: FittingMail): EmailPatch => ({
    ...{ id, keywords },
    ...(moves ? { mailboxIds: { [inbox]: false, [move]: true } } : {}),
  });
  const back = (mail: FittingMail): EmailPatch => ({
    id: mail.id,
    keywords: Object.fromEntries(
      Object.keys(keywords)
        .filter((name) => !(name in mail.keywords))
        .map((name) => [name, false]),
    ),
    ...(moves
      ? { mailboxIds: { [inbox]: true, ...(move in mail.mailboxIds ? {} : { [move]: false }) } }
      : {}),
  });
  return { action: { patches: mails.map(patch) }, undo: { patches: mails.map(back) } };
}
