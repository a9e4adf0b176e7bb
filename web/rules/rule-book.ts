/**
 * The rules of the account, in one script of it (RFC 9661). What the owner, or a mail program, has written is never touched: it is said
 * that there is such a script, and that it is the one that is run. Two devices at once: a change is made to the rules as they are then, and asked
 * for with the state that it was made on, so that neither takes the other's away.
 */
import { type Arguments, type JmapClient, Refused } from '../sync/jmap-client.ts';
import type { Id } from '../sync/model.ts';
import type { Rule } from './rule.ts';
import { rulesIn, scriptOf } from './rule-script.ts';

interface Script {
  readonly id: Id;
  readonly name: string;
  readonly isActive: boolean;
  readonly blobId: Id;
}

export interface Book {
  readonly rules: readonly Rule[];
  /** They are run. Rules that are not there yet would be. */
  readonly isRun: boolean;
  /** The script that is run in their place. */
  readonly other?: string;
  /** Our script, as somebody has changed it: its rules cannot be shown, and it stays as it is. */
  readonly changed?: string;
}

interface Found extends Book {
  readonly state: string;
  readonly script?: Script;
  readonly names: readonly string[];
}

interface SetAnswer {
  readonly created?: Readonly<Record<string, unknown>> | null;
  readonly notCreated?: Readonly<Record<string, { readonly type: string }>> | null;
  readonly notUpdated?: Readonly<Record<string, { readonly type: string }>> | null;
}

/** Another device was quicker this often in a row. */
const TRIES = 5;
const NAME = /^webmail(?:-\d+)?$/;

export class RuleBook {
  readonly #client: JmapClient;

  constructor(client: JmapClient) {
    this.#client = client;
  }

  load(): Promise<Book> {
    return this.#find();
  }

  /** What `change` makes of the rules as they are now. Rejects when the server does not take them. */
  async change(change: (rules: readonly Rule[]) => readonly Rule[]): Promise<Book> {
    for (let attempt = 1; ; attempt++) {
      const found = await this.#find();
      const rules = change(found.rules);
      try {
        await this.#write(found, await this.#upload(scriptOf(rules)));
        return this.#find();
      } catch (error) {
        if (!(error instanceof Refused && error.type === 'stateMismatch') || attempt === TRIES) throw error;
      }
    }
  }

  /** From now on the rules are run, and not what is run in their place; that stays where it is. */
  async useRules(): Promise<Book> {
    const { script, ...found } = await this.#find();
    if (script === undefined) await this.#write({ ...found, isRun: true }, await this.#upload(scriptOf([])));
    else await this.#set({ onSuccessActivateScript: script.id });
    return this.#find();
  }

  async #find(): Promise<Found> {
    const { state, list } = await this.#client.call<{ state: string; list: readonly Script[] }>(
      'SieveScript/get',
      { ids: null, properties: ['id', 'name', 'isActive', 'blobId'] },
    ).result;
    const names = list.map(({ name }) => name);
    const active = list.find(({ isActive }) => isActive);
    const candidates = list.filter(({ name }) => NAME.test(name)).slice(0, 10);
    const texts = await this.#texts(candidates.map(({ blobId }) => blobId));
    const ours = candidates
      .map((script) => ({ script, rules: rulesIn(texts.get(script.blobId) ?? '') }))
      .sort((a, b) => Number(b.script.isActive) - Number(a.script.isActive));
    const readable = ours.find(({ rules }) => rules !== undefined);
    const changed = ours.find(({ rules, script }) => rules === undefined && script.isActive)?.script.name;
    const isOther = active !== undefined && active.id !== readable?.script.id;
    return {
      ...{ state, names, rules: readable?.rules ?? [] },
      isRun: readable === undefined ? !isOther : readable.script.isActive,
      ...(readable && { script: readable.script }),
      ...(isOther && { other: active.name }),
      ...(changed !== undefined && { changed }),
    };
  }

  async #texts(ids: readonly Id[]): Promise<ReadonlyMap<Id, string>> {
    if (ids.length === 0) return new Map();
    const { list } = await this.#client.call<{
      readonly list: readonly { readonly id: Id; readonly 'data:asText'?: string | null }[];
    }>('Blob/get', { ids, properties: ['data:asText'] }).result;
    return new Map(list.map((one) => [one.id, one['data:asText'] ?? '']));
  }

  async #upload(text: string): Promise<Id> {
    const create = { script: { data: [{ 'data:asText': text }], type: 'application/sieve' } };
    const answer = await this.#client.call<{
      readonly created?: Readonly<Record<string, { readonly id: Id }>> | null;
    }>('Blob/upload', { create }).result;
    const made = answer.created?.script;
    if (made === undefined) throw new Refused('notSaved');
    return made.id;
  }

  /** Run from then on, unless another script is. */
  #write({ state, script, names, other, isRun }: Found, blobId: Id): Promise<void> {
    const activates = other === undefined || (script === undefined && isRun);
    const id = script === undefined ? '#rules' : script.id;
    return this.#set({
      ifInState: state,
      ...(script === undefined
        ? { create: { rules: { name: freeName(names), blobId } } }
        : { update: { [script.id]: { blobId } } }),
      ...(activates ? { onSuccessActivateScript: id } : {}),
    });
  }

  async #set(args: Arguments): Promise<void> {
    const answer = await this.#client.call<SetAnswer>('SieveScript/set', args).result;
    const [fault] = Object.values({ ...answer.notCreated, ...answer.notUpdated });
    if (fault !== undefined) throw new Refused(fault.type);
  }
}

function freeName(names: readonly string[]): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? 'webmail' : `webmail-${number}`;
    if (!names.includes(name)) return name;
  }
}
