/**
 * Snooze/get, /changes, /set, our own: mail that is put off, and until when. Making one moves the email into the mailbox with the role
 * `snoozed`; destroying one brings it back where it was; at its time it comes back into the Inbox by itself, with the keyword `$new` (RFC 9979).
 */
import { emailObjectId, emailOfObjectId } from '../../mailbox/model/object-ids.ts';
import {
  loadForSnoozes,
  type Snooze,
  snoozeEmail,
  takeBackSnooze,
  waitingSnoozes,
} from '../../mailbox/operations/snooze.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { utcDate } from '../core/arguments.ts';
import { belongingChanges, belongingId, belongingOfId, belongingState } from '../core/belonging-state.ts';
import { invalidProperties, SetError } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import type { Call, Method } from '../core/method.ts';
import { standardChanges } from '../core/standard-changes.ts';
import { picked, standardGet } from '../core/standard-get.ts';
import { eachByItself, standardSet } from '../core/standard-set.ts';
import { utcDateOf } from '../core/utc-date.ts';
import { OWN } from './capability.ts';

const KIND = 'snooze';
/** Whoever puts something off for longer has mistyped it. */
const MOST_MS = 10 * 366 * 86_400_000;

const get = standardGet({
  type: 'Snooze',
  capability: OWN,
  properties: ['id', 'emailId', 'until'],
  arguments: {},
  async find({ account, call, ids, properties }) {
    const state = await belongingState(call, account, KIND);
    await loadForSnoozes(call.domain, account);
    const byId = new Map(waitingSnoozes(account).map((one) => [belongingId(KIND, one.row.id), one]));
    const wanted = ids ?? [...byId.keys()];
    return {
      state,
      list: wanted.flatMap((id) => {
        const found = byId.get(id);
        return found === undefined ? [] : [objectOf(found, properties)];
      }),
      notFound: wanted.filter((id) => !byId.has(id)),
    };
  },
});

const changes = standardChanges({
  type: 'Snooze',
  capability: OWN,
  find: ({ account, call, sinceState, maxChanges }) =>
    belongingChanges(call, account, { kind: KIND, sinceState, maxChanges }),
});

const set = standardSet({
  type: 'Snooze',
  capability: OWN,
  arguments: {},
  state: (account, call) => belongingState(call, account, KIND),
  apply: (request) => {
    const { account, call } = request;
    return eachByItself(request, {
      create: (object) => create(call, account, object),
      async update(id, patch) {
        const { email } = await known(call, account, id);
        const wrong = Object.keys(patch).filter((name) => name !== 'until');
        if (wrong.length > 0) throw invalidProperties(wrong);
        await snoozeEmail(call.domain, account, email, untilMs(call, patch.until));
        return null;
      },
      destroy: async (id) => {
        const { row } = await known(call, account, id);
        await takeBackSnooze(call.domain, account, row.id);
      },
    });
  },
});

export const SNOOZE_METHODS: readonly Method[] = [get, changes, set];

function objectOf({ row, email, untilMs: ms }: Snooze, properties: ReadonlySet<string>): JsonObject {
  return picked(properties, {
    id: () => belongingId(KIND, row.id),
    emailId: () => emailObjectId(email),
    until: () => utcDateOf(ms),
  });
}

async function known(call: Call, account: AccountState, id: string): Promise<Snooze> {
  await loadForSnoozes(call.domain, account);
  const number = belongingOfId(KIND, id);
  const found = waitingSnoozes(account).find(({ row }) => row.id === number);
  if (found === undefined) throw new SetError('notFound');
  return found;
}

async function create(
  call: Call,
  account: AccountState,
  object: JsonObject,
): Promise<JsonObject & { readonly id: string }> {
  const { emailId, until, ...more } = object;
  const name = typeof emailId === 'string' ? call.created.resolve(emailId) : undefined;
  const email = name === undefined ? undefined : emailOfObjectId(name);
  const wrong = [...Object.keys(more), ...(email === undefined ? ['emailId'] : [])];
  if (email === undefined || wrong.length > 0) throw invalidProperties(wrong);
  const id = await snoozeEmail(call.domain, account, email, untilMs(call, until));
  return { id: belongingId(KIND, id) };
}

function untilMs({ domain: { clock } }: Call, until: JsonObject[string] | undefined): number {
  try {
    const ms = utcDate(until);
    if (ms > clock.nowMs() + MOST_MS) throw new Error('too far');
    return ms;
  } catch {
    throw invalidProperties(['until'], 'a UTCDate, within ten years');
  }
}
