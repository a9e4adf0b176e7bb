/**
 * DeletedMail/list, /preview, /recover, /forget, our own: what was deleted and can be brought back, mailboxes that were deleted with their mail
 * among it. It has no states: whoever shows it asks again. What takes long is done in parts of a few thousand messages (`hasMore`), each
 * of them whole, so that a broken connection costs nothing but the word of the last one.
 */
import { mailboxObjectId } from '../../mailbox/model/object-ids.ts';
import { forgetDeleted } from '../../mailbox/operations/forget-deleted.ts';
import { recoverSoFar } from '../../mailbox/operations/recover.ts';
import { previewRecovery } from '../../mailbox/operations/recover-preview.ts';
import {
  type DeletedFilter,
  type DeletedMailbox,
  type DeletedMessage,
  listDeleted,
  MOST_LISTED_AT_ONCE,
} from '../../mailbox/reading/deleted-mail.ts';
import { type DeletedWords, findDeleted } from '../../mailbox/reading/find-deleted.ts';
import {
  id,
  list,
  optional,
  positive,
  type Reader,
  ReadFault,
  readArguments,
  record,
  text,
  unsigned,
  utcDate,
  withDefault,
} from '../core/arguments.ts';
import { MethodError, setErrorOf } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import type { Call, Method } from '../core/method.ts';
import { utcDateOf } from '../core/utc-date.ts';
import { roleOf } from '../mailboxes/properties.ts';
import { OWN } from './capability.ts';

/** Of one call; a row of the history may go beyond it. */
const RECOVERED_AT_ONCE = 2000;
const FORGOTTEN_AT_ONCE = 20_000;
const PAGE = 100;
const MOST_LETTERS = 500;

const words: Reader<string> = (value) => {
  if (text(value).length > MOST_LETTERS) throw new ReadFault(`at most ${MOST_LETTERS} characters`);
  return value as string;
};
const PLACES = { mailbox: optional(text), after: optional(utcDate), before: optional(utcDate) };
const WORDS = { text: optional(words), from: optional(words), subject: optional(words) };
const CHOICE = { accountId: id, filter: optional(record(PLACES)), ids: optional(list(id)) };

const listed = method('DeletedMail/list', async (raw, call) => {
  const { accountId, filter, position, limit } = readArguments(raw, {
    accountId: id,
    filter: optional(record({ ...PLACES, ...WORDS })),
    position: withDefault(unsigned, 0),
    limit: withDefault(positive, PAGE),
  });
  const account = await call.account(accountId);
  const page = { position, limit: Math.min(limit, MOST_LISTED_AT_ONCE) };
  // Whoever acts on what he sees means nothing that was deleted after it.
  const asOf = utcDateOf(call.domain.clock.nowMs());
  const places = placesOf(filter);
  const sought = wordsOf(filter);
  const found =
    Object.keys(sought).length === 0
      ? { ...(await listDeleted(call.domain, account, places, page)), isAll: true }
      : await findDeleted(call.domain, account, { filter: places, words: sought }, page);
  const { mailboxes, messages, total, isAll } = found;
  return {
    ...{ accountId, asOf, position, total: total.messages, totalSize: total.bytes, isAll },
    keptForDays: call.domain.keeping.recoverMs / DAY_MS,
    mailboxes: mailboxes.map(mailboxObject),
    list: messages.map(messageObject),
  };
});

const preview = method('DeletedMail/preview', async (raw, call) => {
  const { accountId, ...choice } = readArguments(raw, CHOICE);
  const account = await call.account(accountId);
  const found = await previewRecovery(call.domain, account, chosen(choice, call));
  const { mailboxes, messages, bytes, into, refusal } = found;
  return {
    ...{ accountId, mailboxes, emails: messages, size: bytes },
    into: into.map(({ mailbox, isNew, ...one }) => ({
      ...{ mailbox, isNew, emails: one.messages, size: one.bytes },
    })),
    error: refusal === undefined ? null : setErrorOf(refusal).toAnswer(),
  };
});

const recover = method('DeletedMail/recover', async (raw, call) => {
  const { accountId, ...choice } = readArguments(raw, CHOICE);
  const account = await call.account(accountId);
  const request = { ...chosen(choice, call), limit: RECOVERED_AT_ONCE };
  const done = await recoverSoFar(call.domain, account, request);
  if (done.messages + done.mailboxes > 0)
    call.note(account, 'deleted mail brought back', { messages: done.messages, mailboxes: done.mailboxes });
  return {
    ...{ accountId, mailboxes: done.mailboxes, emails: done.messages, size: done.bytes },
    mailboxIds: done.targets.map(mailboxObjectId),
    hasMore: done.hasMore,
    error: done.error === undefined ? null : setErrorOf(done.error).toAnswer(),
  };
});

const forget = method('DeletedMail/forget', async (raw, call) => {
  const { accountId, ...choice } = readArguments(raw, CHOICE);
  const account = await call.account(accountId);
  const request = { ...chosen(choice, call), limit: FORGOTTEN_AT_ONCE };
  const done = await forgetDeleted(call.domain, account, request);
  if (done.messages + done.mailboxes > 0)
    call.note(account, 'deleted mail given up', { messages: done.messages, mailboxes: done.mailboxes });
  return {
    ...{ accountId, mailboxes: done.mailboxes, emails: done.messages, size: done.bytes },
    ...{ held: done.held, hasMore: done.hasMore },
  };
});

export const DELETED_MAIL_METHODS: readonly Method[] = [listed, preview, recover, forget];

const DAY_MS = 86_400_000;

function method(name: string, run: Method['run']): Method {
  return { name, capability: OWN, run };
}

interface Places {
  readonly mailbox: string | undefined;
  readonly after: number | undefined;
  readonly before: number | undefined;
}

function placesOf({ mailbox, after, before }: Partial<Places> = {}): DeletedFilter {
  return {
    ...(mailbox !== undefined && { mailbox }),
    ...(after !== undefined && { sinceMs: after }),
    ...(before !== undefined && { beforeMs: before }),
  };
}

function wordsOf(filter: Partial<Record<keyof DeletedWords, string | undefined>> = {}): DeletedWords {
  const { text: anywhere, from, subject } = filter;
  return {
    ...(anywhere?.trim() && { text: anywhere }),
    ...(from?.trim() && { from }),
    ...(subject?.trim() && { subject }),
  };
}

/** One of both is named, so that nobody asks for everything by leaving something out. */
function chosen(
  { ids, filter }: { readonly ids: readonly string[] | undefined; readonly filter: Places | undefined },
  { limits }: Call,
): DeletedFilter & { readonly ids?: ReadonlySet<string> } {
  if (ids === undefined && filter === undefined)
    throw new MethodError('invalidArguments', 'what: ids, a filter, or both', {
      arguments: ['ids', 'filter'],
    });
  if ((ids?.length ?? 0) > limits.maxObjectsInSet)
    throw new MethodError('requestTooLarge', `at most ${limits.maxObjectsInSet} ids at once`);
  return { ...placesOf(filter), ...(ids && { ids: new Set(ids) }) };
}

function mailboxObject(one: DeletedMailbox): JsonObject {
  const { id: name, mailbox, role, atMs, service, client, messages, bytes } = one;
  return {
    ...{
      id: name,
      mailbox,
      role: roleOf({ name: mailbox, role }) ?? null,
      deletedAt: utcDateOf(atMs),
      emails: messages,
      size: bytes,
    },
    ...{ service, client: client ?? null },
  };
}

function messageObject(one: DeletedMessage): JsonObject {
  const { id: name, mailbox, role, atMs, service, client, bytes, isSeen, internalDate } = one;
  return {
    ...{
      id: name,
      mailbox,
      role: roleOf({ name: mailbox, role }) ?? null,
      deletedAt: utcDateOf(atMs),
      service,
      client: client ?? null,
    },
    ...{ size: bytes, isSeen, receivedAt: utcDateOf(internalDate * 1000), subject: one.subject },
    from: { name: one.fromName, email: one.from },
  };
}
