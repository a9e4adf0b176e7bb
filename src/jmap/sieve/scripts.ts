/** SieveScript/get, /set, /query, /validate (RFC 9661): the scripts of the owner, by the same rules as over ManageSieve. */
import { createHash } from 'node:crypto';
import { MailboxError } from '../../mailbox/model/errors.ts';
import type { ScriptRow } from '../../mailbox/model/rules.ts';
import {
  activateScript,
  deleteScript,
  findScript,
  own,
  renameScript,
} from '../../mailbox/operations/scripts.ts';
import { isKept } from '../../mailbox/reading/moment.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { type Editing, editScript, judgeScript } from '../../rules/editing.ts';
import { ScriptError } from '../../sieve/syntax/fault.ts';
import type { BlobFinder } from '../blobs/find-blob.ts';
import { ReadingRoom } from '../blobs/reading-room.ts';
import { boolean, id, idOrCreated, optional, readArguments, text, withDefault } from '../core/arguments.ts';
import { invalidProperties, SetError } from '../core/fault.ts';
import { conditionOf, matches, readFilter } from '../core/filter.ts';
import { onlyIf } from '../core/if-in-state.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Call, Method } from '../core/method.ts';
import { inOrder, readSort } from '../core/sort.ts';
import { picked, standardGet } from '../core/standard-get.ts';
import { namedResult, standardQuery } from '../core/standard-query.ts';
import { attempt, eachByItself, type SetOutcome, standardSet } from '../core/standard-set.ts';
import { SIEVE } from './capabilities.ts';
import { scriptBlobId } from './script-blob.ts';

const EXTRA = {
  onSuccessActivateScript: optional(idOrCreated),
  onSuccessDeactivateScript: withDefault(boolean, false),
};
const CONDITION = { name: optional(text), isActive: optional(boolean) };
const ORDERS = {
  name: (a, b) => compare(a.name.toLowerCase(), b.name.toLowerCase()),
  isActive: (a, b) => Number(a.isActive) - Number(b.isActive),
} satisfies Readonly<Record<string, (a: ScriptRow, b: ScriptRow) => number>>;
const MAX_NAME = 500;

const idOf = ({ id: number }: ScriptRow): string => `s${number}`;
const ownOf = ({ scripts }: AccountState): readonly ScriptRow[] =>
  scripts.filter(({ role }) => role === 'own');

/** Of what is there: scripts have no modseq. As it is in memory. */
export function scriptsState(account: AccountState): string {
  const all = JSON.stringify(
    ownOf(account).map(({ id: number, name, isActive, hash }) => [number, name, isActive, hash]),
  );
  return `v${createHash('sha256').update(all).digest('hex').slice(0, 24)}`;
}

/** When it is durable. */
async function stateOf(account: AccountState): Promise<string> {
  for (;;) {
    const state = scriptsState(account);
    if (await isKept(account.unsettled)) return state;
  }
}

const get = standardGet({
  type: 'SieveScript',
  capability: SIEVE,
  properties: ['id', 'name', 'isActive', 'blobId'],
  arguments: {},
  async find({ account, ids, properties }) {
    const state = await stateOf(account);
    const byId = new Map(ownOf(account).map((one) => [idOf(one), one]));
    const wanted = ids ?? [...byId.keys()];
    const found = wanted.flatMap((one) => byId.get(one) ?? []);
    return {
      state,
      list: found.map((script) =>
        picked(properties, {
          id: () => idOf(script),
          name: () => script.name,
          isActive: () => script.isActive,
          blobId: () => scriptBlobId(script),
        }),
      ),
      notFound: wanted.filter((one) => !byId.has(one)),
    };
  },
});

const query = standardQuery({
  type: 'SieveScript',
  capability: SIEVE,
  arguments: {},
  async find({ account, call, filter, sort }) {
    const queryState = await stateOf(account);
    const tree = filter === undefined ? undefined : readFilter(filter, testOf, call.limits);
    const order = orderOf(sort);
    const found = ownOf(account)
      .filter((script) => tree === undefined || matches(tree, (test) => test(script)))
      .sort(order);
    return namedResult(found.map(idOf), { queryState, canCalculateChanges: false });
  },
});

function testOf(object: JsonObject): (script: ScriptRow) => boolean {
  const { name, isActive } = conditionOf(object, CONDITION);
  return (script) =>
    (name === undefined || script.name.toLowerCase().includes(name.toLowerCase())) &&
    (isActive === undefined || script.isActive === isActive);
}

function orderOf(sort: Json | undefined): (a: ScriptRow, b: ScriptRow) => number {
  const read = readSort(sort, Object.keys(ORDERS) as (keyof typeof ORDERS)[]);
  return inOrder(
    read.map(({ property, isAscending }) => ({ isAscending, compare: ORDERS[property] })),
    (a, b) => a.id - b.id,
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

export function scriptMethods(editing: Editing, findBlob: BlobFinder): readonly Method[] {
  const parts = { editing, findBlob };
  const set = standardSet({
    type: 'SieveScript',
    capability: SIEVE,
    arguments: EXTRA,
    state: stateOf,
    async apply(request) {
      const { account, args, ifInState } = request;
      // What was true before the script was read and judged need not be when it is put.
      const domain = onlyIf(request.call.domain, ifInState, () => scriptsState(account));
      const call = { ...request.call, domain };
      const texts = new ScriptTexts(parts, call, account);
      const outcome = await eachByItself(request, {
        create: (object) => create(texts, object),
        update: (name, patch) => update(texts, known(account, name), patch),
        async destroy(name) {
          const script = known(account, name);
          if (script.isActive)
            throw new SetError('sieveIsActive', 'another one has to be active first, or none');
          await deleteScript(call.domain, account, own(script.name));
        },
      });
      const activeBefore = activeOf(account);
      await activate(call, account, outcome, args);
      return withActive(outcome, activeBefore, activeOf(account));
    },
  });
  return [get, set, query, validate(parts)];
}

/** Only when all else was done (RFC 9661 §2.3). */
async function activate(
  call: Call,
  account: AccountState,
  { notCreated, notUpdated, notDestroyed }: SetOutcome,
  {
    onSuccessActivateScript: name,
    onSuccessDeactivateScript: isNone,
  }: { readonly onSuccessActivateScript: string | undefined; readonly onSuccessDeactivateScript: boolean },
): Promise<void> {
  if (notCreated.size + notUpdated.size + notDestroyed.size > 0) return;
  if (name !== undefined) {
    const script = ownOf(account).find((one) => idOf(one) === call.created.resolve(name));
    if (script !== undefined) await activateScript(call.domain, account, script.name);
  } else if (isNone) await activateScript(call.domain, account, '');
}

function activeOf(account: AccountState): string | undefined {
  const active = ownOf(account).find(({ isActive }) => isActive);
  return active && idOf(active);
}

/** RFC 9661 §2.4: which became active and which no longer is stands with what was made, or with what was changed. */
function withActive(outcome: SetOutcome, before: string | undefined, after: string | undefined): SetOutcome {
  if (before === after) return outcome;
  const created = new Map(outcome.created);
  const updated = new Map(outcome.updated);
  const note = (name: string, isActive: boolean): void => {
    const [made] = [...created].find(([, object]) => object.id === name) ?? [];
    if (made === undefined) updated.set(name, { ...updated.get(name), isActive });
    else created.set(made, { ...created.get(made), id: name, isActive });
  };
  if (before !== undefined) note(before, false);
  if (after !== undefined) note(after, true);
  return { ...outcome, created, updated };
}

function known(account: AccountState, name: string): ScriptRow {
  const script = ownOf(account).find((one) => idOf(one) === name);
  if (script === undefined) throw new SetError('notFound');
  return script;
}

interface Parts {
  readonly editing: Editing;
  readonly findBlob: BlobFinder;
}

/** Of one call. */
class ScriptTexts {
  readonly call: Call;
  readonly account: AccountState;
  readonly #parts: Parts;
  readonly #reading: ReadingRoom;

  constructor(parts: Parts, call: Call, account: AccountState) {
    this.#parts = parts;
    this.call = call;
    this.account = account;
    this.#reading = ReadingRoom.ofObjects(call.limits);
  }

  /** Throws `SetError` `blobNotFound`, `tooLarge`. */
  async of(blobId: Json | undefined): Promise<Buffer> {
    const { findBlob, editing } = this.#parts;
    const reading = this.#reading;
    const blob =
      typeof blobId === 'string'
        ? await findBlob(this.call.domain, this.account, blobId, reading)
        : undefined;
    if (blob === undefined)
      throw new SetError('blobNotFound', undefined, typeof blobId === 'string' ? { notFound: [blobId] } : {});
    const { scriptBytes } = editing.limits;
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of reading.metered(blob.open())) {
      size += piece.length;
      if (size > scriptBytes)
        throw new SetError('tooLarge', `a script can have at most ${scriptBytes} octets`, {
          maxSize: scriptBytes,
        });
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  async put(name: string, octets: Buffer): Promise<ScriptRow> {
    const { editing } = this.#parts;
    try {
      return (await editScript(this.call.domain, editing, this.account, own(name), octets)).row;
    } catch (error) {
      throw asSetError(error);
    }
  }
}

function asSetError(error: unknown): unknown {
  if (error instanceof ScriptError) return new SetError('invalidSieve', error.message);
  if (error instanceof MailboxError && error.code === 'invalid-name')
    return invalidProperties(['name'], error.message);
  return error;
}

async function create(texts: ScriptTexts, object: JsonObject): Promise<JsonObject & { readonly id: string }> {
  const { account } = texts;
  const { name: given = null, blobId, ...more } = object;
  const wrong = Object.keys(more);
  const isNamed = given === null || (typeof given === 'string' && given.length <= MAX_NAME);
  if (!isNamed) wrong.push('name');
  if (wrong.length > 0) throw invalidProperties(wrong.slice(0, 50));
  const name = typeof given === 'string' ? given : freeName(account);
  refuseTaken(account, name);
  const row = await texts.put(name, await texts.of(blobId));
  return {
    id: idOf(row),
    isActive: row.isActive,
    blobId: scriptBlobId(row),
    ...(given === null ? { name } : {}),
  };
}

async function update(texts: ScriptTexts, script: ScriptRow, patch: JsonObject): Promise<JsonObject | null> {
  const { call, account } = texts;
  const { name, blobId, ...more } = patch;
  const wrong = Object.keys(more);
  if (name !== undefined && typeof name !== 'string') wrong.push('name');
  if (wrong.length > 0) throw invalidProperties(wrong.slice(0, 50));
  // Its text first: what is no script changes nothing.
  const row = blobId === undefined ? script : await texts.put(script.name, await texts.of(blobId));
  if (typeof name === 'string' && name !== script.name) {
    refuseTaken(account, name);
    try {
      await renameScript(call.domain, account, script.name, name);
    } catch (error) {
      throw asSetError(error);
    }
  }
  return blobId === undefined ? null : { blobId: scriptBlobId(row) };
}

function refuseTaken(account: AccountState, name: string): void {
  const other = findScript(account, own(name));
  if (other !== undefined)
    throw new SetError('alreadyExists', 'there is a script of that name', { existingId: idOf(other) });
}

function freeName(account: AccountState): string {
  for (let n = 1; ; n++) if (findScript(account, own(`script-${n}`)) === undefined) return `script-${n}`;
}

function validate(parts: Parts): Method {
  return {
    name: 'SieveScript/validate',
    capability: SIEVE,
    async run(raw, call) {
      const { accountId, blobId } = readArguments(raw, { accountId: id, blobId: text });
      const account = await call.account(accountId);
      const outcome = await attempt(async () => {
        const octets = await new ScriptTexts(parts, call, account).of(blobId);
        try {
          await judgeScript(parts.editing, account, own('validated'), octets);
        } catch (error) {
          throw asSetError(error);
        }
        return undefined;
      });
      return { accountId, error: outcome instanceof SetError ? outcome.toAnswer() : null };
    },
  };
}
