/**
 * What was deleted and can be brought back, as the server lists it (`DeletedMail/*`, docs/JMAP.md): a page at a time, by words. What takes long
 * is done in parts, each of them whole; a part that got no answer is asked for again by whoever tries again.
 */
import { type ReadonlySignal, signal } from '@preact/signals-core';
import type { JmapClient } from '../sync/jmap-client.ts';
import type { Id } from '../sync/model.ts';

interface Deleted {
  readonly id: string;
  readonly mailbox: string;
  readonly role: string | null;
  readonly deletedAt: string;
  /** `imap`, `jmap`, `server`, ... */
  readonly service: string;
  readonly client: string | null;
  readonly size: number;
}

export interface DeletedEmail extends Deleted {
  readonly receivedAt: string;
  readonly subject: string;
  readonly from: { readonly name: string; readonly email: string };
}

export interface DeletedMailbox extends Deleted {
  readonly emails: number;
}

export interface DeletedPage {
  readonly asOf: string;
  readonly total: number;
  readonly totalSize: number;
  readonly isAll: boolean;
  /** For so many days it can be brought back; 0: not at all. */
  readonly keptForDays: number;
  readonly mailboxes: readonly DeletedMailbox[];
  readonly list: readonly DeletedEmail[];
}

export type Choice =
  | { readonly ids: readonly string[] }
  | { readonly filter: { readonly mailbox?: string; readonly after?: string; readonly before?: string } };

export interface Preview {
  readonly mailboxes: number;
  readonly emails: number;
  readonly size: number;
  readonly into: readonly {
    readonly mailbox: string;
    readonly isNew: boolean;
    readonly emails: number;
  }[];
  readonly error: { readonly type: string } | null;
}

export interface Recovered {
  readonly emails: number;
  readonly mailboxes: number;
  readonly mailboxIds: readonly Id[];
  /** There was not room for all. */
  readonly isFull: boolean;
}

interface RecoverAnswer extends Omit<Recovered, 'isFull'> {
  readonly hasMore: boolean;
  readonly error: { readonly type: string } | null;
}

interface ForgetAnswer {
  readonly emails: number;
  readonly held: number;
  readonly hasMore: boolean;
}

const PAGE = 50;
/** Of one call, as the server takes them. */
const MOST_IDS = 1000;

export class DeletedMail {
  readonly #client: Pick<JmapClient, 'call'>;
  readonly #page = signal<DeletedPage | undefined>(undefined);
  readonly #isLost = signal(false);
  #words = '';
  #asked = 0;

  constructor(client: Pick<JmapClient, 'call'>) {
    this.#client = client;
  }

  get page(): ReadonlySignal<DeletedPage | undefined> {
    return this.#page;
  }

  /** The server cannot be reached. */
  get isLost(): ReadonlySignal<boolean> {
    return this.#isLost;
  }

  get words(): string {
    return this.#words;
  }

  /** From the top; an answer to what was typed before is thrown away. */
  async look(words = this.#words): Promise<void> {
    this.#words = words;
    const asked = ++this.#asked;
    try {
      const page = await this.list({ words, position: 0, limit: PAGE });
      if (asked !== this.#asked) return;
      this.#page.value = page;
      this.#isLost.value = false;
    } catch {
      if (asked === this.#asked) this.#isLost.value = true;
    }
  }

  async more(): Promise<void> {
    const shown = this.#page.peek();
    if (shown === undefined) return;
    const asked = ++this.#asked;
    const position = shown.list.length;
    const next = await this.list({ words: this.#words, position, limit: PAGE }).catch(() => undefined);
    if (next === undefined || asked !== this.#asked) return;
    const known = new Set(shown.list.map(({ id }) => id));
    // What was brought back elsewhere has moved the rest.
    const list = [...shown.list, ...next.list.filter(({ id }) => !known.has(id))];
    this.#page.value = { ...next, asOf: shown.asOf, list };
  }

  list({
    words,
    position,
    limit,
  }: {
    readonly words: string;
    readonly position: number;
    readonly limit: number;
  }): Promise<DeletedPage> {
    const filter = words.trim() === '' ? {} : { text: words.trim().slice(0, 500) };
    return this.#client.call<DeletedPage>('DeletedMail/list', { filter, position, limit }).result;
  }

  preview(choice: Choice): Promise<Preview> {
    return this.#client.call<Preview>('DeletedMail/preview', { ...choice }).result;
  }

  async recover(choice: Choice): Promise<Recovered> {
    const sum = { emails: 0, mailboxes: 0, mailboxIds: new Set<Id>(), isFull: false };
    for (const part of parts(choice))
      for (let hasMore = true; hasMore && !sum.isFull; ) {
        const answer = await this.#client.call<RecoverAnswer>('DeletedMail/recover', { ...part }).result;
        sum.emails += answer.emails;
        sum.mailboxes += answer.mailboxes;
        for (const id of answer.mailboxIds) sum.mailboxIds.add(id);
        if (answer.error !== null && answer.error.type !== 'overQuota') throw new Error(answer.error.type);
        sum.isFull = answer.error !== null;
        ({ hasMore } = answer);
      }
    return { ...sum, mailboxIds: [...sum.mailboxIds] };
  }

  async forget(choice: Choice): Promise<{ readonly emails: number; readonly held: number }> {
    const sum = { emails: 0, held: 0 };
    for (const part of parts(choice))
      for (let hasMore = true; hasMore; ) {
        const answer = await this.#client.call<ForgetAnswer>('DeletedMail/forget', { ...part }).result;
        sum.emails += answer.emails;
        sum.held += answer.held;
        ({ hasMore } = answer);
      }
    return sum;
  }
}

function parts(choice: Choice): readonly Choice[] {
  if (!('ids' in choice)) return [choice];
  const out: Choice[] = [];
  for (let at = 0; at < choice.ids.length; at += MOST_IDS)
    out.push({ ids: choice.ids.slice(at, at + MOST_IDS) });
  return out;
}
