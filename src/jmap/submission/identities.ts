/**
 * Identity/get, /changes, /set (RFC 8621 §6). Each address of the account, its own and those of the aliases that lead to it alone or with
 * others, has an identity that is there as long as the address is; its owner makes others with other names and signatures, under any
 * address as which he may send.
 */
import { randomBytes } from 'node:crypto';
import type { Identities } from '../../identity/identities.ts';
import type { BelongingRow } from '../../mailbox/model/belongings.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import {
  belongingChanges,
  belongingId,
  belongingOfId,
  belongingState,
  belongingsNow,
  belongingsOf,
} from '../core/belonging-state.ts';
import { SetError } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import type { Call, Method } from '../core/method.ts';
import { standardChanges } from '../core/standard-changes.ts';
import { picked, standardGet } from '../core/standard-get.ts';
import { eachByItself, standardSet } from '../core/standard-set.ts';
import { SUBMISSION } from './capability.ts';
import {
  givenIdentity,
  type IdentityValue,
  readIdentity,
  settable,
  writeIdentity,
  wrong,
} from './identity-value.ts';

const KIND = 'identity';
const PROPERTIES = ['id', 'name', 'email', 'replyTo', 'bcc', 'textSignature', 'htmlSignature', 'mayDelete'];
/** Of aliases: whoever has more names those he writes under himself. */
const MAX_GIVEN = 100;

export interface Identity {
  readonly row: BelongingRow;
  readonly value: IdentityValue;
}

export class IdentityMethods {
  readonly #identities: Pick<Identities, 'maySendAs' | 'addressesOf'>;

  constructor(identities: Pick<Identities, 'maySendAs' | 'addressesOf'>) {
    this.#identities = identities;
  }

  get methods(): readonly Method[] {
    return [this.#get, this.#changes, this.#set];
  }

  /** All there are, with those that addresses bring or take away. */
  async all(call: Call, account: AccountState): Promise<readonly Identity[]> {
    await this.#bringUpToDate(call, account);
    return identitiesIn(await belongingsOf(call, account, KIND));
  }

  async find(call: Call, account: AccountState, id: string): Promise<Identity | undefined> {
    const number = belongingOfId(KIND, id);
    return (await this.all(call, account)).find(({ row }) => row.id === number);
  }

  readonly #get = standardGet({
    type: 'Identity',
    capability: SUBMISSION,
    properties: PROPERTIES,
    arguments: {},
    find: async ({ account, call, ids, properties }) => {
      await this.#bringUpToDate(call, account);
      const { state, rows } = await belongingsNow(call, account, KIND);
      const all = identitiesIn(rows);
      const byId = new Map(all.map((one) => [belongingId(KIND, one.row.id), one]));
      const wanted = ids ?? [...byId.keys()];
      const found = wanted.flatMap((id) => byId.get(id) ?? []);
      return {
        state,
        list: found.map(({ row, value }) => objectOf(row.id, value, properties)),
        notFound: wanted.filter((id) => !byId.has(id)),
      };
    },
  });

  readonly #changes = standardChanges({
    type: 'Identity',
    capability: SUBMISSION,
    find: async ({ account, call, sinceState, maxChanges }) => {
      await this.#bringUpToDate(call, account);
      return belongingChanges(call, account, { kind: KIND, sinceState, maxChanges });
    },
  });

  readonly #set = standardSet({
    type: 'Identity',
    capability: SUBMISSION,
    arguments: {},
    state: async (account, call) => {
      await this.#bringUpToDate(call, account);
      return belongingState(call, account, KIND);
    },
    apply: (request) => {
      const { account, call } = request;
      return eachByItself(request, {
        create: (object) => this.#create(call, account, object),
        update: async (id, patch) => {
          const { row, value } = await this.#known(call, account, id);
          const changed = { ...value, ...settable(patch) };
          await call.domain.turns.run({
            account,
            run: (change) => change.belongings.replace(row.id, writeIdentity(changed)),
          });
          return null;
        },
        destroy: async (id) => {
          const { row, value } = await this.#known(call, account, id);
          if (value.isGiven)
            throw new SetError('forbidden', 'the identity of an address is there as long as the address is');
          await call.domain.turns.run({ account, run: (change) => change.belongings.drop(row.id) });
        },
      });
    },
  });

  async #known(call: Call, account: AccountState, id: string): Promise<Identity> {
    const found = await this.find(call, account, id);
    if (found === undefined) throw new SetError('notFound');
    return found;
  }

  async #create(
    call: Call,
    account: AccountState,
    object: JsonObject,
  ): Promise<JsonObject & { readonly id: string }> {
    const { email, ...rest } = object;
    if (typeof email !== 'string' || !/^[^\s@]+@[^\s@]+$/.test(email)) throw wrong(['email']);
    const value = { ...givenIdentity(email), ...settable(rest), isGiven: false };
    // Of a whole domain: whoever may write under a name that nobody could have guessed may write under any.
    const address = email.replace(/^\*@/, `${randomBytes(9).toString('hex')}@`);
    const may = await this.#identities.maySendAs(account.record, address);
    if (may.kind === 'refused') throw new SetError('forbiddenFrom', may.why);
    const id = await call.domain.turns.run({
      account,
      run: (change) => change.belongings.add(KIND, writeIdentity(value)),
    });
    return { id: belongingId(KIND, id), mayDelete: true };
  }

  /** Addresses come and go with aliases, of which no client tells. */
  async #bringUpToDate(call: Call, account: AccountState): Promise<void> {
    const addresses = (await this.#identities.addressesOf(account.record)).slice(0, MAX_GIVEN);
    const rows = await belongingsOf(call, account, KIND);
    const given = new Map<string, number>();
    for (const row of rows) {
      const { email, isGiven } = readIdentity(row.value as Buffer);
      if (isGiven) given.set(email, row.id);
    }
    const missing = addresses.filter((address) => !given.has(address));
    const gone = [...given].filter(([email]) => !addresses.includes(email)).map(([, id]) => id);
    if (missing.length + gone.length === 0) return;
    await call.domain.turns.run({
      account,
      run: (change) => {
        const there = [...(account.belongings?.values() ?? [])].filter(
          ({ value, kind }) => kind === KIND && value,
        );
        const emails = new Set(
          there
            .map(({ value }) => readIdentity(value as Buffer))
            .filter((one) => one.isGiven)
            .map(({ email }) => email),
        );
        // Another request may have done so in the same turn.
        for (const email of missing)
          if (!emails.has(email)) change.belongings.add(KIND, writeIdentity(givenIdentity(email)));
        for (const id of gone) if (there.some((row) => row.id === id)) change.belongings.drop(id);
      },
    });
  }
}

function identitiesIn(rows: readonly BelongingRow[]): readonly Identity[] {
  return rows.flatMap((row) => (row.value === undefined ? [] : [{ row, value: readIdentity(row.value) }]));
}

function objectOf(id: number, value: IdentityValue, properties: ReadonlySet<string>): JsonObject {
  return picked(properties, {
    id: () => belongingId(KIND, id),
    name: () => value.name,
    email: () => value.email,
    replyTo: () => value.replyTo?.map((one) => ({ ...one })) ?? null,
    bcc: () => value.bcc?.map((one) => ({ ...one })) ?? null,
    textSignature: () => value.textSignature,
    htmlSignature: () => value.htmlSignature,
    mayDelete: () => !value.isGiven,
  });
}
