/** SearchSnippet/get (RFC 8621 §5.1): where in emails the words of a filter were found. */
import { TimeSlice } from '../../base/time-slice.ts';
import { emailOfObjectId } from '../../mailbox/model/object-ids.ts';
import { emailRows } from '../../mailbox/query/email-rows.ts';
import { MAIL } from '../capabilities.ts';
import { id, list, readArguments } from '../core/arguments.ts';
import { MethodError } from '../core/fault.ts';
import type { Filter } from '../core/filter.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Method } from '../core/method.ts';
import { bodyLists } from './body-lists.ts';
import { type BodyPart, readBodyTree } from './body-tree.ts';
import { ValueBudget } from './body-values.ts';
import { messageProperties } from './email-arguments.ts';
import { type Condition, filterTree } from './email-filter.ts';
import { CONVENIENCE, type HeaderProperty } from './header-property.ts';
import { headerValue } from './header-values.ts';
import { type LoadedMessage, loadMessages } from './loaded-messages.ts';
import { plainText } from './plain-body.ts';
import { soughtWords } from './search-words.ts';
import { hitsIn, markedSnippet, markedText } from './snippet.ts';
import { ViewBudget } from './view-budget.ts';

const TABLE = {
  accountId: id,
  filter: (value: Json | undefined): Json | undefined => value,
  emailIds: list(id),
};
const SUBJECT = CONVENIENCE.get('subject') as HeaderProperty;

export const searchSnippetGet: Method = {
  name: 'SearchSnippet/get',
  capability: MAIL,
  async run(raw, call) {
    const { accountId, filter, emailIds } = readArguments(raw, TABLE);
    const account = await call.account(accountId);
    if (emailIds.length > call.limits.maxObjectsInGet)
      throw new MethodError('requestTooLarge', `at most ${call.limits.maxObjectsInGet} emails at once`);
    const words = wordsOf(filterTree(filter, call.limits));
    const numbers = new Map(emailIds.map((one) => [one, emailOfObjectId(one) ?? 0]));
    const { rows } = await emailRows(call.domain, account, numbers.values());
    // What decides what is loaded: the parts, where bodies are looked into.
    const properties = new Set(['subject', ...(words.body.length > 0 ? ['bodyStructure'] : [])]);
    const request = { properties, message: messageProperties(properties) };
    const messages = await loadMessages(call.domain, account, [...rows.values()], request);
    const byNumber = new Map(messages.map((message) => [message.row.email, message]));
    const budgets = { parts: new ViewBudget(), values: new ValueBudget() };
    const slice = new TimeSlice();
    const snippets: JsonObject[] = [];
    for (const [emailId, number] of numbers) {
      const message = byNumber.get(number);
      if (message === undefined) continue;
      const preview = words.body.length === 0 ? null : await previewOf(message, words.body, budgets);
      snippets.push({ emailId, subject: subjectOf(message, words.subject), preview });
      const spent = slice.spent();
      if (spent !== undefined) await spent;
    }
    const notFound = [...numbers].flatMap(([emailId, number]) => (byNumber.has(number) ? [] : [emailId]));
    return { accountId, list: snippets, notFound: notFound.length === 0 ? null : notFound };
  },
};

/** Of a filter with many conditions the first ones are shown. */
const MOST_WORDS = 100;

interface Words {
  readonly subject: readonly string[];
  readonly body: readonly string[];
}

/** Of what has to be there: what must not be there is nothing to show. */
function wordsOf(filter: Filter<Condition> | undefined): Words {
  const subject: string[] = [];
  const body: string[] = [];
  const visit = (one: Filter<Condition>): void => {
    if (one.kind === 'not') return;
    if (one.kind !== 'condition') {
      for (const inner of one.of) visit(inner);
      return;
    }
    const { text = '', subject: inSubject = '', body: inBody = '' } = one.condition;
    subject.push(...soughtWords(text), ...soughtWords(inSubject));
    body.push(...soughtWords(text), ...soughtWords(inBody));
  };
  if (filter !== undefined) visit(filter);
  return { subject: someOf(subject), body: someOf(body) };
}

/** Each of them is looked for in each email. */
function someOf(words: readonly string[]): readonly string[] {
  return [...new Set(words)].slice(0, MOST_WORDS);
}

function subjectOf({ header }: LoadedMessage, words: readonly string[]): string | null {
  const subject = headerValue(header, SUBJECT);
  if (typeof subject !== 'string') return null;
  const hits = hitsIn(subject, words);
  return hits.length === 0 ? null : markedText(subject, hits);
}

/** From the first part that has one of the words, the texts that are shown before the others. */
async function previewOf(
  { octets, parts }: LoadedMessage,
  words: readonly string[],
  budgets: { readonly parts: ViewBudget; readonly values: ValueBudget },
): Promise<string | null> {
  const root = await readBodyTree(octets, parts, budgets.parts);
  const { textBody, htmlBody, attachments } = bodyLists<BodyPart>(root);
  for (const part of new Set([...textBody, ...htmlBody, ...attachments])) {
    const spent = budgets.parts.values(1);
    if (spent !== undefined) await spent;
    if (!part.type.startsWith('text/')) continue;
    const text = await plainText(octets, part, budgets.values);
    const hits = hitsIn(text, words);
    if (hits.length > 0) return markedSnippet(text, hits);
  }
  return null;
}
