/**
 * Email/set (RFC 8621 §4.6): drafts written, emails marked, moved and destroyed. What is created and destroyed together is one change;
 * what refers to something created in the same call comes after it.
 */
import { randomUUID } from 'node:crypto';
import type { DraftBlob } from '../../mail/compose/draft.ts';
import { writeDraft } from '../../mail/compose/writer.ts';
import { emailOfObjectId } from '../../mailbox/model/object-ids.ts';
import {
  changeEmails,
  type EmailOutcome,
  type EmailRequest,
  type NewEmail,
  StateMoved,
} from '../../mailbox/operations/change-emails.ts';
import type { EmailUpdate } from '../../mailbox/operations/place.ts';
import { durableMoment } from '../../mailbox/reading/moment.ts';
import { ReadingRoom } from '../blobs/reading-room.ts';
import { MAIL } from '../capabilities.ts';
import { ReadFault, utcDate } from '../core/arguments.ts';
import { MethodError, SetError } from '../core/fault.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Method } from '../core/method.ts';
import { type SetOutcome, type SetRequest, standardSet } from '../core/standard-set.ts';
import { momentString } from '../core/state-string.ts';
import type { Faults } from './draft-fields.ts';
import { draftOf } from './email-draft.ts';
import { mailboxesOf, marksOf, placePatch } from './email-place.ts';
import type { EmailWriting } from './email-writing.ts';
import { Arriving, isInState, isMade, madeAnswer, refusalAnswer, refusedBefore } from './emails-made.ts';

type Request = SetRequest<Record<never, never>>;

export function emailSet(writing: EmailWriting): Method {
  return standardSet({
    type: 'Email',
    capability: MAIL,
    arguments: {},
    state: async (account) => momentString('emails', await durableMoment(account, 'emails')),
    apply: (request) => new EmailSet(writing, request).run(),
  });
}

class EmailSet {
  readonly #writing: EmailWriting;
  readonly #request: Request;
  readonly #created = new Map<string, JsonObject & { readonly id: string }>();
  readonly #notCreated = new Map<string, SetError>();
  readonly #updated = new Map<string, JsonObject | null>();
  readonly #notUpdated = new Map<string, SetError>();
  readonly #destroyed: string[] = [];
  /** For parts of messages that have to be looked for. */
  readonly #reading: ReadingRoom;
  readonly #notDestroyed = new Map<string, SetError>();
  /** Put into other mailboxes. */
  readonly #moved: string[] = [];
  #hasChanged = false;

  constructor(writing: EmailWriting, request: Request) {
    this.#writing = writing;
    this.#request = request;
    this.#reading = ReadingRoom.ofObjects(request.call.limits);
  }

  async run(): Promise<SetOutcome> {
    const { call, destroy, account } = this.#request;
    const [later, now] = split(destroy, (id) => id.startsWith('#'));
    const arriving = new Arriving(call.domain, account, this.#writing.uploads);
    try {
      await this.#createAndDestroy(arriving, now);
    } finally {
      arriving.close();
    }
    await this.#update();
    await this.#destroy(later);
    this.#note();
    return {
      ...{ created: this.#created, notCreated: this.#notCreated, updated: this.#updated },
      ...{ notUpdated: this.#notUpdated, destroyed: this.#destroyed, notDestroyed: this.#notDestroyed },
    };
  }

  async #createAndDestroy(arriving: Arriving, destroy: readonly string[]): Promise<void> {
    const creates = new Map<string, NewEmail>();
    for (const [creationId, email] of this.#request.create) {
      try {
        creates.set(creationId, await this.#written(email, arriving));
      } catch (error) {
        this.#notCreated.set(creationId, refusedBefore(error));
      }
    }
    const { ids, emails } = this.#known(destroy);
    const outcome = await this.#change({ creates: [...creates.values()], updates: [], destroys: emails });
    [...creates.keys()].forEach((creationId, i) => {
      const made = outcome.created[i];
      if (made === undefined) return;
      if (!isMade(made)) this.#notCreated.set(creationId, refusalAnswer(made));
      else {
        this.#created.set(creationId, madeAnswer(made));
        this.#request.call.created.set(creationId, madeAnswer(made).id);
      }
    });
    this.#tellDestroyed(ids, outcome);
  }

  async #written(email: JsonObject, arriving: Arriving): Promise<NewEmail> {
    const { call, account } = this.#request;
    const faults: Faults = new Map();
    const mailboxes = mailboxesOf(email.mailboxIds, (id) => call.created.resolve(id), faults);
    const marks = marksOf(email.keywords, faults);
    const receivedAt = receivedAtOf(email.receivedAt, faults);
    const { hostname, attachmentBytes, findBlob } = this.#writing;
    let blobBytes = 0;
    const draft = await draftOf(email, {
      origin: {
        nowMs: call.domain.clock.nowMs(),
        idDomain: idDomainOf(account.record.address, hostname),
        newId: randomUUID,
      },
      findBlob: async (blobId): Promise<DraftBlob | undefined> => {
        const blob = await findBlob(call.domain, account, blobId, this.#reading);
        blobBytes += blob?.mostBytes ?? 0;
        return blob && { open: () => blob.open(), sizeBytes: blob.mostBytes };
      },
      more: faults,
    });
    if (blobBytes > attachmentBytes * 1.4)
      throw new SetError('tooLarge', `attachments can have ${attachmentBytes} octets together`, {
        maxSize: attachmentBytes,
      });
    const message = await arriving.take(writeDraft(draft), Math.ceil(blobBytes * 1.4) + 16_384, receivedAt);
    return { ...marks, message, mailboxes };
  }

  async #update(): Promise<void> {
    const { call, update } = this.#request;
    const ids: string[] = [];
    const updates: EmailUpdate[] = [];
    for (const [name, patch] of update) {
      const id = call.created.resolve(name);
      const email = id === undefined ? undefined : emailOfObjectId(id);
      try {
        if (id === undefined || email === undefined) throw new SetError('notFound');
        updates.push({ email, ...placePatch(patch, (one) => call.created.resolve(one)) });
        ids.push(id);
      } catch (error) {
        this.#notUpdated.set(name, refusedBefore(error));
      }
    }
    const { updated } = await this.#change({ creates: [], updates, destroys: [] });
    ids.forEach((id, i) => {
      const refusal = updated[i];
      if (refusal === undefined) {
        this.#updated.set(id, null);
        if (updates[i]?.mailboxes !== undefined) this.#moved.push(id);
      } else this.#notUpdated.set(id, refusalAnswer(refusal));
    });
  }

  async #destroy(names: readonly string[]): Promise<void> {
    const { ids, emails } = this.#known(names);
    this.#tellDestroyed(ids, await this.#change({ creates: [], updates: [], destroys: emails }));
  }

  #known(names: readonly string[]): { readonly ids: readonly string[]; readonly emails: readonly number[] } {
    const ids: string[] = [];
    const emails: number[] = [];
    for (const name of names) {
      const id = this.#request.call.created.resolve(name);
      const email = id === undefined ? undefined : emailOfObjectId(id);
      if (id === undefined || email === undefined) this.#notDestroyed.set(name, new SetError('notFound'));
      else {
        ids.push(id);
        emails.push(email);
      }
    }
    return { ids, emails };
  }

  #tellDestroyed(ids: readonly string[], { destroyed }: Pick<EmailOutcome, 'destroyed'>): void {
    ids.forEach((id, i) => {
      const refusal = destroyed[i];
      if (refusal === undefined) this.#destroyed.push(id);
      else this.#notDestroyed.set(id, refusalAnswer(refusal));
    });
  }

  /** For the account's history. A draft that is saved anew takes the place of the one before, and is no deletion. */
  #note(): void {
    const { account, call } = this.#request;
    const facts = (ids: readonly string[]) => ({ messages: ids.length, emails: idsForLog(ids) });
    if (this.#moved.length > 0) call.note(account, 'messages moved', facts(this.#moved));
    if (this.#destroyed.length > this.#created.size)
      call.note(account, 'messages deleted', facts(this.#destroyed));
  }

  /** The state that is asked for is that before the first of the changes. */
  async #change(wanted: EmailRequest): Promise<EmailOutcome> {
    const { account, call, ifInState } = this.#request;
    const isNothing = wanted.creates.length + wanted.updates.length + wanted.destroys.length === 0;
    if (isNothing) return { created: [], updated: [], destroyed: [] };
    const isExpected = this.#hasChanged ? () => true : isInState(account, ifInState);
    try {
      const outcome = await changeEmails(call.domain, account, { ...wanted, isExpected });
      this.#hasChanged = true;
      return outcome;
    } catch (error) {
      if (error instanceof StateMoved) throw new MethodError('stateMismatch', error.message);
      throw error;
    }
  }
}

/** Seconds since 1970. */
export function receivedAtOf(value: Json | undefined, faults: Faults): number | undefined {
  if (value === undefined || value === null) return undefined;
  try {
    return Math.floor(utcDate(value) / 1000);
  } catch (error) {
    if (!(error instanceof ReadFault)) throw error;
    faults.set('receivedAt', error.message);
    return undefined;
  }
}

const MOST_IDS = 30;

function idsForLog(ids: readonly string[]): string {
  const some = ids.slice(0, MOST_IDS).join(',');
  return ids.length > MOST_IDS ? `${some},...` : some;
}

/** A name that only RFC 6532 lets stand in a header is nobody else's business. */
function idDomainOf(address: string, hostname: string): string {
  return /@([a-z0-9.-]+)$/i.exec(address)?.[1] ?? hostname;
}

function split<T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))];
}
