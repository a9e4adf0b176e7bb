/** All that belongs to one mail while it is written, from the moment its page is opened: its keeper, its uploads, as whom it goes. */

import type { App } from '../shell/app.ts';
import type { Desk } from '../shell/desk.ts';
import { addressOf } from '../shell/places.ts';
import type { MailCache } from '../sync/cache.ts';
import { filled } from '../sync/filled.ts';
import type { Identity } from '../sync/identities.ts';
import type { JmapClient, SessionObject } from '../sync/jmap-client.ts';
import { type Beginning, beginWriting } from './beginning.ts';
import { type Draft, type DraftFile, escaped, htmlOfText, wholeHtml } from './draft.ts';
import { DraftKeeper } from './draft-keeper.ts';
import { draftLock } from './draft-lock.ts';
import type { Editor } from './editor.ts';
import { htmlText } from './html-text.ts';
import { localDrafts } from './local-drafts.ts';
import type { Recipient } from './people.ts';
import { type Seen, suggestionsFor } from './suggestions.ts';
import { postFile, type Uploaded, type UploadParts, Uploads } from './uploads.ts';

export interface SessionParts {
  readonly app: App;
  readonly desk: Desk;
  readonly draft: string | undefined;
  readonly parameters: string;
}

const CORE = 'urn:ietf:params:jmap:core';
const MAX_UPLOAD = 50_000_000;

/** Held by the page on which a draft is written, so that nobody else takes care of it meanwhile. */
function held(key: string): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  void navigator.locks?.request(draftLock(key), () => promise);
  return resolve;
}

/** Returns what ends it. */
function writes({ written }: Desk, key: string): () => void {
  const release = held(key);
  written.add(release);
  return () => {
    written.delete(release);
    release();
  };
}

export class WritingSession {
  readonly keeper: DraftKeeper;
  readonly uploads: Uploads;
  readonly identities: readonly Identity[];
  #signature: string;
  /** The one that shows it now: it may go over to another while files are on their way. */
  editor: Editor | undefined;
  readonly #desk: Desk;
  readonly #download: (file: DraftFile) => string;
  readonly #release: () => void;

  constructor(parts: {
    readonly desk: Desk;
    readonly keeper: DraftKeeper;
    readonly uploads: Uploads;
    readonly identities: readonly Identity[];
    readonly signature: string;
    readonly download: (file: DraftFile) => string;
    readonly release: () => void;
  }) {
    this.keeper = parts.keeper;
    this.uploads = parts.uploads;
    this.identities = parts.identities;
    this.#signature = parts.signature;
    this.#desk = parts.desk;
    this.#download = parts.download;
    this.#release = parts.release;
  }

  get key(): string {
    return this.keeper.draft.peek().key;
  }

  /** It goes on in another place of this page, which asks for it by its key: as it is, with what is on its way. */
  handOver(): void {
    this.#desk.handed.set(this.key, this);
  }

  /** Whoever goes away has nothing to do: what was written is kept, here until the account has it. */
  leave(): void {
    if (this.#desk.handed.get(this.key) === this) return;
    const { keeper } = this;
    this.uploads.close();
    const draft = keeper.draft.peek();
    const { carried } = this.#desk;
    if (keeper.state.peek().kind !== 'empty' && !keeper.isEnded)
      carried.set(draft.key, { key: draft.key, draft, serverId: keeper.serverId, atMs: Date.now() });
    void keeper.leave().then((isDone) => {
      if (isDone) carried.delete(draft.key);
      this.#release();
    });
  }

  get identity(): Identity | undefined {
    const { from } = this.keeper.draft.peek();
    return this.identities.find(({ email }) => email === from?.email) ?? this.identities[0];
  }

  /** What the text begins with. */
  get signature(): string {
    return this.#signature;
  }

  /** The signature goes with it as long as nothing else stands there. */
  writeAs(identity: Identity): void {
    const { name, email } = identity;
    this.keeper.change({ from: { name: name || null, email } });
    this.#signature = signatureOf(identity);
    if (this.keeper.draft.peek().html === '') this.editor?.set(this.#signature);
  }

  /** As text alone it has no form, and shows none. */
  setPlain(isPlain: boolean): void {
    const { html } = this.keeper.draft.peek();
    const plain = isPlain && html !== '' ? htmlOfText(htmlText(html)) : html;
    this.keeper.change({ isPlain, html: plain });
    if (plain !== html) this.editor?.set(plain);
  }

  readonly pictureUrl = (cid: string): string | undefined => {
    const file = this.keeper.draft.peek().files.find((one) => one.cid === cid);
    return file && this.#download(file);
  };

  add(file: File, isInText: boolean): void {
    this.uploads.add(file, ({ blobId, type, size }) => {
      const { editor } = this;
      const cid = isInText && editor !== undefined ? `${crypto.randomUUID()}@brevduva` : null;
      const added: DraftFile = { blobId, name: file.name || 'file', type, size, cid };
      this.keeper.change({ files: [...this.keeper.draft.peek().files, added] });
      if (cid !== null) editor?.picture(cid, this.#download(added));
    });
  }

  remove(file: DraftFile): void {
    this.keeper.change({ files: this.keeper.draft.peek().files.filter((one) => one !== file) });
  }

  /** People of mails that have the words in their addresses. */
  readonly suggest = async (typed: string): Promise<readonly Recipient[]> => {
    if (typed.trim().length < 1) return [];
    const text = typed.trim();
    const { client } = this.#desk.sync;
    const query = client.call('Email/query', {
      filter: { operator: 'OR', conditions: [{ from: text }, { to: text }, { cc: text }] },
      ...{ sort: [{ property: 'receivedAt', isAscending: false }], limit: 60 },
    });
    const get = client.call<{ readonly list: readonly Seen[] }>('Email/get', {
      ...{ '#ids': query.ref('/ids'), properties: ['from', 'to', 'cc'] },
    });
    const { to, cc, bcc } = this.keeper.draft.peek();
    const found = await get.result.then(
      ({ list }) => list,
      () => [],
    );
    return suggestionsFor(text, found, { me: this.#desk.addresses.peek(), chosen: [...to, ...cc, ...bcc] });
  };
}

/** Undefined: what it was about is not there. */
export async function beginSession({
  app,
  desk,
  draft,
  parameters,
}: SessionParts): Promise<WritingSession | undefined> {
  const { client, cache } = desk.sync;
  const key = addressOf({ at: 'write', ...(draft === undefined ? {} : { draft }), parameters });
  const handed = desk.handed.get(key);
  if (handed !== undefined) {
    desk.handed.delete(key);
    return handed;
  }
  const release = writes(desk, key);
  const [session, accountId, identities, store] = await Promise.all([
    client.session().catch(() => undefined),
    client.accountId().catch(() => ''),
    desk.identities(),
    desk.keeping.then((keeping) => keeping && localDrafts(keeping.kept)),
  ]);
  const own = identities.map(({ name, email }) => ({ name: name || null, email }));
  const from = own[0] ?? { name: null, email: desk.me };
  const texts = app.texts.peek();
  const begun = await beginWriting({
    ...{ draft, parameters, mails: desk.mails, store, from, own, key },
    carried: desk.carried.get(key),
    messageId: `${crypto.randomUUID()}@${from.email.split('@')[1] ?? 'localhost'}`,
    words: {
      wrote: texts.write.wrote,
      forwarded: texts.write.forwarded,
      fields: {
        from: texts.read.from,
        date: texts.read.date,
        subject: texts.read.subject,
        to: texts.read.toField,
      },
    },
    timeOf: (iso) => app.formats.peek().fullTime(iso),
  });
  if (begun === undefined) return void release();
  desk.carried.delete(key);
  const writesAs = begun.draft.from;
  const answers = begun.draft.answers ?? answeredBy(begun, cache);
  const identity = identities.find(({ email }) => email === writesAs?.email) ?? identities[0];
  const keeper = new DraftKeeper(
    { ...begun.draft, answers },
    {
      ...{ client, store },
      drafts: () => cache.byRole('drafts')?.id,
      wholeText: (one: Draft) => htmlText(wholeHtml(one)),
      nowMs: () => Date.now(),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    },
    begun,
  );
  if (begun.isUnsaved) keeper.change({});
  return new WritingSession({
    ...{ desk, keeper, identities, signature: signatureOf(identity), release },
    uploads: new Uploads(uploadParts(client, session, accountId)),
    download: ({ blobId, name, type }) =>
      filled(session?.downloadUrl ?? '', { accountId, blobId, name, type }),
  });
}

/** Of a draft that somebody goes on with: what it answers stands in its conversation. */
function answeredBy({ draft, serverId = '' }: Beginning, cache: MailCache): Draft['answers'] {
  const [messageId] = draft.inReplyTo;
  const thread = cache.email(serverId).peek()?.threadId;
  if (messageId === undefined || thread === undefined) return undefined;
  const found = cache.emailsOf(thread).find((email) => email.messageId?.includes(messageId));
  return found && { email: found.id, keyword: '$answered' };
}

function uploadParts(client: JmapClient, session: SessionObject | undefined, accountId: string): UploadParts {
  const { maxSizeUpload } = (session?.capabilities[CORE] ?? {}) as { maxSizeUpload?: number };
  return {
    url: filled(session?.uploadUrl ?? '', { accountId }),
    maxSize: maxSizeUpload ?? MAX_UPLOAD,
    post: postFile,
    join: async (blobIds, type) => {
      const data = blobIds.map((blobId) => ({ blobId }));
      const create = { file: { data, ...(type && { type }) } };
      const { created } = await client.call<{
        readonly created?: { readonly file?: Omit<Uploaded, 'blobId'> & { readonly id: string } } | null;
      }>('Blob/upload', { create }).result;
      return created?.file && { ...created.file, blobId: created.file.id };
    },
    room: async () => {
      const { list } = await client.call<{
        readonly list: readonly { resourceType: string; used: number; hardLimit: number }[];
      }>('Quota/get', { ids: null }).result;
      const octets = list.find(({ resourceType }) => resourceType === 'octets');
      return octets && Math.max(0, octets.hardLimit - octets.used);
    },
    onOnline: (run) => {
      addEventListener('online', run);
      return () => removeEventListener('online', run);
    },
  };
}

function signatureOf(identity: Identity | undefined): string {
  if (identity === undefined) return '';
  const html = identity.htmlSignature || escaped(identity.textSignature).replaceAll('\n', '<br>');
  return html === '' ? '' : `<div><br></div><div>-- <br>${html}</div>`;
}
