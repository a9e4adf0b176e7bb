/**
 * Retention/get, /set, our own: for how long mail stays in each mailbox before it goes by itself. A Retention is called as its mailbox is;
 * there is one for each, so it is only updated. IMAP has the same as an annotation.
 */
import { createHash } from 'node:crypto';
import { mailboxObjectId } from '../../mailbox/model/object-ids.ts';
import type { RetentionRule } from '../../mailbox/model/retention.ts';
import { DAY_MS } from '../../mailbox/model/retention.ts';
import { retentionOf, setRetention } from '../../mailbox/operations/retention.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { invalidProperties, SetError } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import type { Call, Method } from '../core/method.ts';
import { picked, standardGet } from '../core/standard-get.ts';
import { eachByItself, standardSet } from '../core/standard-set.ts';
import { mailboxOfId } from '../mailboxes/properties.ts';
import { OWN } from './capability.ts';

const MOST_DAYS = 99_999;

interface Kept {
  readonly id: string;
  /** Null: mail stays. */
  readonly days: number | null;
  /** The mailbox says so itself; else the account's settings and the server's. */
  readonly isOwn: boolean;
}

const get = standardGet({
  type: 'Retention',
  capability: OWN,
  properties: ['id', 'days', 'isOwn'],
  arguments: {},
  async find({ account, call, ids, properties }) {
    const all = await everyOne(call, account);
    const byId = new Map(all.map((one) => [one.id, one]));
    const wanted = ids ?? [...byId.keys()];
    return {
      state: stateOf(all),
      list: wanted.flatMap((id) => {
        const found = byId.get(id);
        return found === undefined ? [] : [objectOf(found, properties)];
      }),
      notFound: wanted.filter((id) => !byId.has(id)),
    };
  },
});

const set = standardSet({
  type: 'Retention',
  capability: OWN,
  arguments: {},
  state: async (account, call) => stateOf(await everyOne(call, account)),
  apply: (request) => {
    const { account, call } = request;
    const none = async (): Promise<never> => {
      throw new SetError('singleton', 'each mailbox has one');
    };
    return eachByItself(request, {
      create: none,
      destroy: none,
      async update(id, patch) {
        const mailbox = mailboxOfId(account, id);
        if (mailbox === undefined) throw new SetError('notFound');
        await setRetention(call.domain, account, mailbox, ruleOf(patch));
        return null;
      },
    });
  },
});

export const RETENTION_METHODS: readonly Method[] = [get, set];

/** Undefined: as the account has it. */
function ruleOf({ days, isOwn = true, ...more }: JsonObject): RetentionRule | undefined {
  const wrong = Object.keys(more);
  if (wrong.length > 0 || typeof isOwn !== 'boolean') throw invalidProperties([...wrong, 'isOwn']);
  if (!isOwn) return undefined;
  if (days === null) return 'never';
  const isDays = typeof days === 'number' && Number.isInteger(days) && days >= 1 && days <= MOST_DAYS;
  if (!isDays) throw invalidProperties(['days'], `a number of days up to ${MOST_DAYS}, or null`);
  return days;
}

async function everyOne({ domain }: Call, account: AccountState): Promise<readonly Kept[]> {
  const all: Kept[] = [];
  for (const mailbox of [...account.mailboxes.values()]) {
    const { ms, by } = await retentionOf(domain, account, mailbox);
    const days = ms === undefined ? null : ms / DAY_MS;
    all.push({ id: mailboxObjectId(mailbox.id), days, isOwn: by === 'mailbox' });
  }
  return all.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Of all of them: it has no changes, so it need not tell of which. */
function stateOf(all: readonly Kept[]): string {
  return createHash('sha256').update(JSON.stringify(all)).digest('base64url').slice(0, 16);
}

function objectOf(one: Kept, properties: ReadonlySet<string>): JsonObject {
  return picked(properties, { id: () => one.id, days: () => one.days, isOwn: () => one.isOwn });
}
