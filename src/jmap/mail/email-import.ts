/** Email/import (RFC 8621 §4.8): messages that exist already, octet for octet. Those that are refused hold no others back. */
import { changeEmails, type NewEmail, StateMoved } from '../../mailbox/operations/change-emails.ts';
import { durableMoment } from '../../mailbox/reading/moment.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { ReadingRoom } from '../blobs/reading-room.ts';
import { MAIL } from '../capabilities.ts';
import { id, mapOf, object, optional, readArguments, text } from '../core/arguments.ts';
import { invalidProperties, MethodError } from '../core/fault.ts';
import { type JsonObject, orNull } from '../core/json.ts';
import type { Call, Method } from '../core/method.ts';
import { momentString } from '../core/state-string.ts';
import type { Faults } from './draft-fields.ts';
import { mailboxesOf, marksOf } from './email-place.ts';
import { receivedAtOf } from './email-set.ts';
import type { EmailWriting } from './email-writing.ts';
import { Arriving, isInState, isMade, madeAnswer, refusalAnswer, refusedBefore } from './emails-made.ts';

const TABLE = { accountId: id, ifInState: optional(text), emails: mapOf(object) };
const KNOWN = ['blobId', 'mailboxIds', 'keywords', 'receivedAt'];

export function emailImport(writing: EmailWriting): Method {
  return {
    name: 'Email/import',
    capability: MAIL,
    async run(raw, call) {
      const { accountId, ifInState, emails } = readArguments(raw, TABLE);
      const account = await call.account(accountId);
      if (emails.size > call.limits.maxObjectsInSet)
        throw new MethodError('requestTooLarge', `at most ${call.limits.maxObjectsInSet} emails at once`);
      const state = async (): Promise<string> =>
        momentString('emails', await durableMoment(account, 'emails'));
      const oldState = await state();
      if (ifInState !== undefined && ifInState !== oldState)
        throw new MethodError('stateMismatch', 'the state is another by now');
      const arriving = new Arriving(call.domain, account, writing.uploads);
      try {
        const outcome = await importAll(writing, call, { account, emails, arriving, ifInState });
        return { accountId, oldState, newState: await state(), ...outcome };
      } finally {
        arriving.close();
      }
    },
  };
}

interface Importing {
  readonly account: AccountState;
  readonly emails: ReadonlyMap<string, JsonObject>;
  readonly arriving: Arriving;
  readonly ifInState: string | undefined;
}

async function importAll(
  writing: EmailWriting,
  call: Call,
  { account, emails, arriving, ifInState }: Importing,
): Promise<JsonObject> {
  const creates = new Map<string, NewEmail>();
  const notCreated = new Map<string, JsonObject>();
  const reading = ReadingRoom.ofObjects(call.limits);
  for (const [creationId, email] of emails) {
    try {
      creates.set(creationId, await importOf(writing, call, { account, email, arriving, reading }));
    } catch (error) {
      notCreated.set(creationId, refusedBefore(error).toAnswer());
    }
  }
  const created = new Map<string, JsonObject>();
  const isExpected = isInState(account, ifInState);
  const request = { creates: [...creates.values()], updates: [], destroys: [], isExpected };
  const outcome = await changeEmails(call.domain, account, request).catch((error: unknown) => {
    if (error instanceof StateMoved) throw new MethodError('stateMismatch', error.message);
    throw error;
  });
  [...creates.keys()].forEach((creationId, i) => {
    const made = outcome.created[i];
    if (made === undefined) return;
    if (!isMade(made)) notCreated.set(creationId, refusalAnswer(made).toAnswer());
    else {
      created.set(creationId, madeAnswer(made));
      call.created.set(creationId, madeAnswer(made).id);
    }
  });
  return { created: orNull(created), notCreated: orNull(notCreated) };
}

async function importOf(
  { findBlob }: EmailWriting,
  call: Call,
  {
    account,
    email,
    arriving,
    reading,
  }: {
    readonly account: AccountState;
    readonly email: JsonObject;
    readonly arriving: Arriving;
    readonly reading: ReadingRoom;
  },
): Promise<NewEmail> {
  const faults: Faults = new Map();
  for (const name of Object.keys(email)) if (!KNOWN.includes(name)) faults.set(name, 'is not known');
  const mailboxes = mailboxesOf(email.mailboxIds, (one) => call.created.resolve(one), faults);
  const marks = marksOf(email.keywords, faults);
  const receivedAt = receivedAtOf(email.receivedAt, faults);
  const { blobId } = email;
  const blob = typeof blobId === 'string' ? await findBlob(call.domain, account, blobId, reading) : undefined;
  if (blob === undefined) faults.set('blobId', 'there is no such blob');
  if (faults.size > 0 || blob === undefined) {
    const description = [...faults].map(([name, why]) => `${name}: ${why}`).join('; ');
    throw invalidProperties([...faults.keys()], description.slice(0, 2000));
  }
  const message = await arriving.take(blob.open(), blob.mostBytes, receivedAt ?? 'of-message');
  return { ...marks, mailboxes, message };
}
