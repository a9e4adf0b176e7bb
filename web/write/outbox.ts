/**
 * Mail that is to go and could not be given to the server: kept in the browser and sent when there is a network, by one of the tabs.
 * Until then it can be taken back. How it is given to the server is in `outbox-delivery.ts`, loaded when there is something.
 */
import { type ReadonlySignal, signal } from '@preact/signals-core';
import type { Kept } from '../keep/database.ts';
import type { Draft } from './draft.ts';
import type { KeptDraft } from './local-drafts.ts';
import type { SendOptions } from './sender.ts';

export interface OutMail {
  readonly id: string;
  readonly draft: Draft;
  /** Of the version that the account has. */
  readonly serverId: string | undefined;
  readonly identityId: string;
  readonly hold: SendOptions['hold'];
}

export type Delivered =
  | { readonly kind: 'sent' }
  | { readonly kind: 'refused'; readonly type: string }
  /** `hasFailed`: the server was there and failed at this one. */
  | { readonly kind: 'unreachable'; readonly hasFailed?: true };

export interface OutboxParts {
  readonly kept: Pick<Kept, 'all' | 'put' | 'remove' | 'change'>;
  readonly locks: Pick<LockManager, 'request'> | undefined;
  readonly deliver: (mail: OutMail) => Promise<Delivered>;
  /** One has gone, or cannot go. */
  readonly onDone: (mail: OutMail, result: Delivered) => void | Promise<void>;
}

const LOCK = 'brevduva-outbox';

export class Outbox {
  readonly #parts: OutboxParts;
  readonly #mails = signal<readonly OutMail[]>([]);

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  get mails(): ReadonlySignal<readonly OutMail[]> {
    return this.#mails;
  }

  /** What waits, of other tabs too. */
  async look(): Promise<void> {
    this.#mails.value = await this.#parts.kept.all<OutMail>('outbox').catch(() => []);
  }

  /** Rejects when the browser does not keep it; then it is still a draft. */
  async add(mail: OutMail): Promise<void> {
    await this.#parts.kept.put('outbox', mail);
    await this.look();
  }

  /**
   * It is kept as this draft instead, in one step. Undefined: it has gone, or is going. Rejects when the browser does not keep the draft;
   * then it still waits.
   */
  async takeBack(id: string, draftOf: (mail: OutMail) => KeptDraft): Promise<KeptDraft | undefined> {
    return this.#alone(async () => {
      await this.look();
      const mail = this.#mails.peek().find((one) => one.id === id);
      if (mail === undefined) return undefined;
      const draft = draftOf(mail);
      await this.#parts.kept.change(['outbox', 'drafts'], async (store) => {
        store('drafts').put(draft);
        store('outbox').delete(id);
      });
      await this.look();
      return draft;
    });
  }

  /** Sends what waits, each once, as far as the server is there. */
  async send(): Promise<void> {
    await this.look();
    if (this.#mails.peek().length === 0) return;
    await this.#alone(async () => {
      // Another tab may have sent them meanwhile.
      await this.look();
      for (const mail of this.#mails.peek()) {
        const result = await this.#parts.deliver(mail);
        if (result.kind === 'unreachable') {
          // What one mail makes the server fail at is no reason for the others to wait.
          if (result.hasFailed) continue;
          return;
        }
        await this.#parts.onDone(mail, result);
        await this.#remove(mail);
      }
    });
  }

  async #remove({ id }: OutMail): Promise<void> {
    await this.#parts.kept.remove('outbox', id);
    await this.look();
  }

  async #alone<T>(run: () => Promise<T>): Promise<T> {
    const { locks } = this.#parts;
    return locks === undefined ? run() : ((await locks.request(LOCK, run)) as T);
  }
}
