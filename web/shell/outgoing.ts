/**
 * What is to leave this browser when there is a network: mail that waits to be sent, and drafts of pages that are closed. Looked after
 * whenever the server is there again.
 */
import { type ReadonlySignal, type Signal, signal } from '@preact/signals-core';
import type { Keeping } from '../keep/keeping.ts';
import type { MailSync } from '../sync/mail-sync.ts';
import type { Texts } from '../text/en.ts';
import { type KeptDraft, localDrafts } from '../write/local-drafts.ts';
import { type Delivered, Outbox, type OutMail } from '../write/outbox.ts';
import type { Notices } from './notices.ts';
import { addressOf } from './places.ts';
import type { Router } from './router.ts';

export interface OutgoingParts {
  readonly sync: MailSync;
  readonly notices: Notices;
  readonly texts: ReadonlySignal<Texts>;
  /** Drafts of pages that were left before they could be saved, in memory: also where nothing may be kept. */
  readonly carried: Map<string, KeptDraft>;
  /** How many of them are mail that was to be sent. */
  readonly unsent: Signal<number>;
}

/** Whoever begins the page with a draft opens it within this time. */
const SWEEP_MS = 4000;
const AGAIN_MS = 15_000;
/** What could not be sent a moment ago is not tried at once: an attempt may itself be a change of which the server tells. */
const PAUSE_MS = 5000;

export class Outgoing {
  readonly #parts: OutgoingParts;
  readonly #outbox: Signal<Outbox | undefined> = signal(undefined);
  #keeping: Keeping | undefined;
  #sweeping: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  #sending: Promise<void> | undefined;
  #triedMs = 0;
  #isClosed = false;

  constructor(parts: OutgoingParts) {
    this.#parts = parts;
  }

  /** Undefined where nothing is kept. */
  get outbox(): ReadonlySignal<Outbox | undefined> {
    return this.#outbox;
  }

  async resume(keeping: Keeping | undefined): Promise<void> {
    this.#keeping = keeping;
    if (keeping === undefined) return;
    const { sync } = this.#parts;
    const outbox = new Outbox({
      ...{ kept: keeping.kept, locks: navigator.locks },
      deliver: async (mail) => {
        const { deliver } = await import('../write/outbox-delivery.ts');
        return deliver(mail, {
          client: sync.client,
          mailbox: (role) => sync.cache.byRole(role)?.id,
          scheduledName: this.#parts.texts.peek().list.roles.scheduled ?? '',
          nowMs: () => Date.now(),
        });
      },
      onDone: (mail, result) => this.#done(mail, result),
    });
    await outbox.look();
    // What the browser has kept after all goes as it was to.
    for (const mail of outbox.mails.peek()) this.#parts.carried.delete(draftOf(mail).key);
    this.#outbox.value = outbox;
  }

  /** Rejects when the browser does not keep it. */
  async put(mail: OutMail): Promise<void> {
    await this.#outbox.peek()?.add(mail);
    // The page need not have noticed that the server was away.
    this.#sendLater();
  }

  /** A mail that waits is written on; where nobody knows of it any more it has gone. */
  async reopen(id: string, router: Router): Promise<void> {
    const { carried, notices, texts } = this.#parts;
    const { tooLate, notTakenBack } = texts.peek().write;
    const { parameters, key } = pageOf(id);
    try {
      const kept = await this.#outbox.peek()?.takeBack(id, (mail) => {
        const again = draftOf(mail);
        carried.set(key, again);
        return again;
      });
      if (kept === undefined) notices.show({ text: tooLate, isWrong: true });
      else router.go({ at: 'write', parameters });
    } catch {
      carried.delete(key);
      notices.show({ text: notTakenBack, isWrong: true });
    }
  }

  /** The server is there. */
  live(): void {
    void this.#send();
    clearTimeout(this.#sweeping);
    this.#sweeping = setTimeout(() => void this.#sweep(), SWEEP_MS);
    void this.#renewPush().catch(() => undefined);
  }

  /** The server has just answered. */
  wake(): void {
    const isWaiting = (this.#outbox.peek()?.mails.peek().length ?? 0) > 0;
    if (isWaiting && Date.now() - this.#triedMs >= PAUSE_MS) void this.#send();
  }

  /** What was kept may be forgotten now: mail that waits is carried as drafts, of which the person is told. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const mails = this.#outbox.peek()?.mails.peek() ?? [];
    for (const mail of mails) {
      const draft = { ...draftOf(mail), wasWaiting: true };
      this.#parts.carried.set(draft.key, draft);
    }
    this.#parts.unsent.value = waitingOf(this.#parts.carried);
    clearTimeout(this.#sweeping);
    clearTimeout(this.#again);
  }

  async #renewPush(): Promise<void> {
    if ((await this.#keeping?.fact('push')) === undefined) return;
    const { pushHere } = await import('../settings/push-here.ts');
    await pushHere(this.#parts.sync.client, this.#keeping)?.renew();
  }

  #send(): Promise<void> {
    // One at a time: also where there are no locks.
    this.#sending ??= (this.#outbox.peek()?.send() ?? Promise.resolve())
      .catch(() => undefined)
      .finally(() => {
        this.#sending = undefined;
        this.#triedMs = Date.now();
        this.#sendLater();
      });
    return this.#sending;
  }

  #sendLater(): void {
    if (this.#isClosed || (this.#outbox.peek()?.mails.peek().length ?? 0) === 0) return;
    clearTimeout(this.#again);
    this.#again = setTimeout(() => void this.#send(), AGAIN_MS);
  }

  async #done({ draft }: OutMail, result: Delivered): Promise<void> {
    const { sync, notices, texts } = this.#parts;
    const said = texts.peek().write;
    if (result.kind === 'refused') {
      // It is a draft again, of which the sweep sees to it that the account has it.
      await this.#keeping?.kept.put('drafts', {
        key: draft.key,
        draft,
        serverId: undefined,
        atMs: Date.now(),
      });
      notices.show({ text: said.notSent, isWrong: true });
      return;
    }
    notices.show({ text: said.sentNow(draft.subject) });
    if (draft.answers !== undefined)
      sync.actions.run({
        patches: [{ id: draft.answers.email, keywords: { [draft.answers.keyword]: true } }],
      });
    void sync.sync();
  }

  async #sweep(): Promise<void> {
    const { sync, carried, unsent, notices, texts } = this.#parts;
    const kept = this.#keeping?.kept;
    const isThere = carried.size > 0 || ((await kept?.all('drafts').catch(() => [])) ?? []).length > 0;
    if (!isThere) return;
    const store = kept && localDrafts(kept);
    const before = waitingOf(carried);
    const { sweepDrafts } = await import('../write/draft-sweep.ts');
    const count = await sweepDrafts({
      ...{ client: sync.client, drafts: () => sync.cache.byRole('drafts')?.id, locks: navigator.locks },
      all: async () => [...carried.values(), ...((await kept?.all<KeptDraft>('drafts')) ?? [])],
      remove: async (key) => {
        carried.delete(key);
        await store?.remove(key);
      },
      nowMs: () => Date.now(),
    }).catch(() => 0);
    unsent.value = waitingOf(carried);
    const waited = before - unsent.peek();
    if (waited > 0) notices.show({ text: texts.peek().write.unsent(waited), isWrong: true });
    else if (count > 0) notices.show({ text: texts.peek().write.rescued(count) });
  }
}

/** Of the page on which a mail that has waited is written on. */
function pageOf(id: string): { readonly parameters: string; readonly key: string } {
  const parameters = `?kept=${id}`;
  return { parameters, key: addressOf({ at: 'write', parameters }) };
}

function draftOf({ id, draft, serverId }: OutMail): KeptDraft {
  const { key } = pageOf(id);
  return { key, draft: { ...draft, key }, serverId, atMs: Date.now() };
}

function waitingOf(carried: OutgoingParts['carried']): number {
  return [...carried.values()].filter((one) => one.wasWaiting).length;
}
