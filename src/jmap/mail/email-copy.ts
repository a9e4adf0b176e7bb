/**
 * Email/copy (RFC 8621 §4.7): octets are written again, since each account keeps its own. What is copied to go elsewhere is destroyed where
 * it was when the copy is durable: whoever is killed in between has it in both places, and never in none. Within an account an email is
 * in more mailboxes by Email/set.
 */
import { emailId } from '../../mailbox/model/model.ts';
import { emailOfObjectId } from '../../mailbox/model/object-ids.ts';
import { changeEmails, type NewEmail, StateMoved } from '../../mailbox/operations/change-emails.ts';
import { type EmailRow, emailRows } from '../../mailbox/query/email-rows.ts';
import { durableMoment } from '../../mailbox/reading/moment.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { MAIL } from '../capabilities.ts';
import { boolean, id, mapOf, object, optional, readArguments, text, withDefault } from '../core/arguments.ts';
import { type CopyEnds, copyEnds } from '../core/copy-between.ts';
import { invalidProperties, MethodError, SetError } from '../core/fault.ts';
import { type JsonObject, orNull } from '../core/json.ts';
import type { Call, Method } from '../core/method.ts';
import { momentString } from '../core/state-string.ts';
import type { Faults } from './draft-fields.ts';
import { mailboxesOf, marksOf } from './email-place.ts';
import { receivedAtOf } from './email-set.ts';
import type { EmailWriting } from './email-writing.ts';
import { Arriving, isInState, isMade, madeAnswer, refusalAnswer, refusedBefore } from './emails-made.ts';
import { storedOctets } from './message-octets.ts';

const TABLE = {
  ...{ fromAccountId: id, ifFromInState: optional(text), accountId: id, ifInState: optional(text) },
  create: mapOf(object),
  onSuccessDestroyOriginal: withDefault(boolean, false),
  destroyFromIfInState: optional(text),
};
/** All else is as it is in the original. */
const KNOWN = ['id', 'mailboxIds', 'keywords', 'receivedAt'];

export function emailCopy(writing: Pick<EmailWriting, 'uploads'>): Method {
  return {
    name: 'Email/copy',
    capability: MAIL,
    async run(raw, call) {
      const args = readArguments(raw, TABLE);
      const { fromAccountId, accountId, create } = args;
      if (create.size > call.limits.maxObjectsInSet)
        throw new MethodError('requestTooLarge', `at most ${call.limits.maxObjectsInSet} emails at once`);
      const ends = await copyEnds(call, fromAccountId, accountId);
      await requireState(ends.from, args.ifFromInState);
      const oldState = await requireState(ends.to, args.ifInState);
      const { originals, ...outcome } = await copyAll(writing, call, ends, args);
      const { onSuccessDestroyOriginal: destroys, destroyFromIfInState: ifInState } = args;
      if (destroys && originals.length > 0)
        call.afterwards('Email/set', {
          accountId: fromAccountId,
          destroy: originals,
          ...(ifInState === undefined ? {} : { ifInState }),
        });
      return { fromAccountId, accountId, oldState, newState: await stateOf(ends.to), ...outcome };
    },
  };
}

async function stateOf(account: AccountState): Promise<string> {
  return momentString('emails', await durableMoment(account, 'emails'));
}

async function requireState(account: AccountState, wanted: string | undefined): Promise<string> {
  const state = await stateOf(account);
  if (wanted !== undefined && wanted !== state)
    throw new MethodError('stateMismatch', 'the state is another by now');
  return state;
}

interface Wanted {
  readonly create: ReadonlyMap<string, JsonObject>;
  readonly ifInState: string | undefined;
}

async function copyAll(
  writing: Pick<EmailWriting, 'uploads'>,
  call: Call,
  { from, to }: CopyEnds,
  { create, ifInState }: Wanted,
): Promise<JsonObject & { readonly originals: readonly string[] }> {
  const names = new Map([...create].map(([name, one]) => [name, idIn(one, call)]));
  const numbers = [...names.values()].flatMap((name) => emailOfObjectId(name ?? '') ?? []);
  const { rows } = await emailRows(call.domain, from, numbers);
  const creates = new Map<string, NewEmail>();
  const notCreated = new Map<string, JsonObject>();
  const created = new Map<string, JsonObject>();
  const arriving = new Arriving(call.domain, to, writing.uploads);
  try {
    for (const [name, wanted] of create) {
      const row = rows.get(emailOfObjectId(names.get(name) ?? '') ?? 0);
      try {
        if (row === undefined) throw new SetError('notFound', 'there is no such email in the other account');
        creates.set(name, await copyOf(call, { from, row, wanted, arriving }));
      } catch (error) {
        notCreated.set(name, refusedBefore(error).toAnswer());
      }
    }
    const request = { creates: [...creates.values()], updates: [], destroys: [] };
    const isExpected = isInState(to, ifInState);
    const outcome = await changeEmails(call.domain, to, { ...request, isExpected }).catch(moved);
    [...creates.keys()].forEach((name, i) => {
      const made = outcome.created[i];
      if (made === undefined) return;
      if (!isMade(made)) notCreated.set(name, refusalAnswer(made).toAnswer());
      else {
        created.set(name, madeAnswer(made));
        call.created.set(name, madeAnswer(made).id);
      }
    });
  } finally {
    arriving.close();
  }
  const originals = [...new Set([...created.keys()].map((name) => names.get(name) as string))];
  return { created: orNull(created), notCreated: orNull(notCreated), originals };
}

function moved(error: unknown): never {
  if (error instanceof StateMoved) throw new MethodError('stateMismatch', error.message);
  throw error;
}

function idIn({ id: given }: JsonObject, { created }: Call): string | undefined {
  return typeof given === 'string' ? created.resolve(given) : undefined;
}

interface Original {
  readonly from: AccountState;
  readonly row: EmailRow;
  readonly wanted: JsonObject;
  readonly arriving: Arriving;
}

/** Throws `SetError`, MailboxError. */
async function copyOf(call: Call, { from, row, wanted, arriving }: Original): Promise<NewEmail> {
  const faults: Faults = new Map();
  for (const name of Object.keys(wanted))
    if (!KNOWN.includes(name)) faults.set(name, 'is as in the original');
  const mailboxes = mailboxesOf(wanted.mailboxIds, (one) => call.created.resolve(one), faults);
  const own = Object.fromEntries(row.keywords.map((keyword) => [keyword, true] as const));
  const marks = marksOf(wanted.keywords ?? own, faults);
  const receivedAt = receivedAtOf(wanted.receivedAt, faults) ?? row.internalDate;
  if (faults.size > 0) {
    const description = [...faults].map(([name, why]) => `${name}: ${why}`).join('; ');
    throw invalidProperties([...faults.keys()], description.slice(0, 2000));
  }
  const { sizeBytes } = row;
  const octets = storedOctets(call.domain, emailId(from.id, row.email), sizeBytes);
  const message = await arriving.take(octets.stream({ start: 0, end: sizeBytes }), sizeBytes, receivedAt);
  return { ...marks, mailboxes, message };
}
