/** VacationResponse/get and /set (RFC 8621 §8): one object, which is one of the account's scripts. */
import type { Identities } from '../../identity/identities.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import { findScript, readScript, type ScriptName } from '../../mailbox/operations/scripts.ts';
import { isKept } from '../../mailbox/reading/moment.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { type Editing, editScript } from '../../rules/editing.ts';
import { ScriptError } from '../../sieve/syntax/fault.ts';
import { boolean, type Reader, ReadFault, readTable, utcDate } from '../core/arguments.ts';
import { invalidProperties, SetError } from '../core/fault.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Call, Method } from '../core/method.ts';
import { picked, standardGet } from '../core/standard-get.ts';
import { eachByItself, standardSet } from '../core/standard-set.ts';
import { VACATION } from './capabilities.ts';
import { NO_VACATION, type Vacation, vacationIn, vacationScript } from './vacation-script.ts';

const AWAY: ScriptName = Object.freeze({ role: 'away', name: 'vacation' });
const SINGLETON = 'singleton';
const MAX_SUBJECT = 500;
const MAX_BODY_BYTES = 64 * 1024;

/** As it is in memory. */
export function vacationState(account: AccountState): string {
  return `w${findScript(account, AWAY)?.hash.slice(0, 24) ?? '0'}`;
}

async function stateOf(account: AccountState): Promise<string> {
  for (;;) {
    const state = vacationState(account);
    if (await isKept(account.unsettled)) return state;
  }
}

async function vacationOf(call: Call, account: AccountState): Promise<Vacation> {
  const script = findScript(account, AWAY);
  if (script === undefined) return NO_VACATION;
  // The administrator's, or a program's: it answers, and what it says is not ours to know.
  return vacationIn(await readScript(call.domain, account, script)) ?? { ...NO_VACATION, isEnabled: true };
}

const get = standardGet({
  type: 'VacationResponse',
  capability: VACATION,
  properties: ['id', 'isEnabled', 'fromDate', 'toDate', 'subject', 'textBody', 'htmlBody'],
  arguments: {},
  async find({ account, call, ids, properties }) {
    const state = await stateOf(account);
    const wanted = ids ?? [SINGLETON];
    const vacation = await vacationOf(call, account);
    const { isEnabled, ...texts } = vacation;
    const object = picked(properties, {
      id: () => SINGLETON,
      isEnabled: () => isEnabled,
      ...Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, () => value])),
    });
    return {
      state,
      list: wanted.includes(SINGLETON) ? [object] : [],
      notFound: wanted.filter((one) => one !== SINGLETON),
    };
  },
});

export function vacationMethods(
  editing: Editing,
  identities: Pick<Identities, 'addressesOf'>,
): readonly Method[] {
  const set = standardSet({
    type: 'VacationResponse',
    capability: VACATION,
    arguments: {},
    state: stateOf,
    apply: (request) => {
      const { account, call } = request;
      return eachByItself(request, {
        create: () => Promise.reject(new SetError('singleton', 'there is one, and no other')),
        destroy: () => Promise.reject(new SetError('singleton', 'it can be switched off')),
        async update(id, patch) {
          if (id !== SINGLETON) throw new SetError('notFound');
          const vacation = { ...(await vacationOf(call, account)), ...changesIn(patch) };
          const script = await vacationScript(vacation, await identities.addressesOf(account.record));
          try {
            await editScript(call.domain, editing, account, AWAY, script);
          } catch (error) {
            if (error instanceof ScriptError) throw invalidProperties(Object.keys(patch), error.message);
            if (error instanceof MailboxError && error.code === 'too-big')
              throw new SetError('tooLarge', error.message);
            throw error;
          }
          return null;
        },
      });
    },
  });
  return [get, set];
}

/** Throws `SetError` that names what is wrong. */
function changesIn(patch: JsonObject): Partial<Vacation> {
  const table = Object.fromEntries(
    Object.keys(patch)
      .filter((name) => Object.hasOwn(READERS, name))
      .map((name) => [name, READERS[name as keyof Vacation]]),
  );
  const { values, faults } = readTable(patch, table);
  if (faults.length === 0) return values as Partial<Vacation>;
  throw invalidProperties(
    faults.map(({ name }) => name),
    faults.map(({ name, text }) => `${name}: ${text}`).join('; '),
  );
}

const date: Reader<string | null> = (value) => {
  if (value === null) return null;
  utcDate(value);
  return value as string;
};

const READERS: { readonly [Name in keyof Vacation]: Reader<Json> } = {
  isEnabled: boolean,
  fromDate: date,
  toDate: date,
  subject: (value) => bounded(value, (text) => text.length <= MAX_SUBJECT && !/[\0-\x1f\x7f]/.test(text)),
  textBody: (value) =>
    bounded(value, (text) => Buffer.byteLength(text) <= MAX_BODY_BYTES && !text.includes('\0')),
  htmlBody: (value) =>
    bounded(value, (text) => Buffer.byteLength(text) <= MAX_BODY_BYTES && !text.includes('\0')),
};

function bounded(value: Json | undefined, isFit: (text: string) => boolean): string | null {
  if (value === null) return null;
  if (typeof value !== 'string' || !isFit(value))
    throw new ReadFault('expected a text that is not too long, or null');
  return value;
}
