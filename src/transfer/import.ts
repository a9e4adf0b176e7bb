/**
 * Moving the messages of a source into an account: oldest first (or by the UIDs they had), in batches, over whichever `MailAccess` there is, so sessions
 * of a running server see them as they come.
 *
 * - Interrupted and run again, it goes on where it was: every message has a key made of its folder, its octets and how
 *   often the same octets came before it in this folder, and the store remembers keys together with messages.
 * - One message that cannot be read or is refused is reported and passed over. Only a server or a disk that fails stops
 *   everything, because then nothing else would go in either.
 * - It ends with a receipt that accounts for every message of the source.
 */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { UidPlace } from '../mailbox/change/uids.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { TakenOver } from '../mailbox/operations/take-over-uids.ts';
import { isRefusal, type MailAccess, type MessageToAdd } from './mail-access.ts';
import { mailboxFor, type RoleHolders } from './mailbox-for.ts';
import type { OpenFolder, Source, SourceFolder, SourceMessage } from './source.ts';

export interface ImportOptions {
  readonly access: MailAccess;
  readonly address: string;
  readonly source: Source;
  /** Everything goes there or below it; absent: where the source's own names say. */
  readonly mailbox?: string;
  onProgress(progress: ImportProgress): void;
  onProblem(problem: ImportProblem): void;
}

export interface ImportProgress {
  readonly mailbox: string;
  readonly messages: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

export interface ImportProblem {
  readonly where: string;
  readonly why: string;
}

export interface FolderReceipt {
  readonly where: string;
  readonly mailbox: string;
  readonly isNew: boolean;
  readonly found: number;
  readonly imported: number;
  /** By an earlier run. */
  readonly known: number;
  /** Marked as deleted in the source, or no mail. */
  readonly passedOver: number;
  readonly refused: number;
  readonly lostKeywords: number;
  /** The source knows UIDs: whether the mailbox has taken them over, or why not. */
  readonly uids?: 'kept' | { readonly why: string };
  /** Messages whose UID could not be had any more. */
  readonly lostUids: number;
}

export class ImportStopped extends Error {
  override readonly name = 'ImportStopped';
}

const BATCH_MESSAGES = 128;
const BATCH_BYTES = 4 * 1024 * 1024;
/** Larger messages are read a second time when they are sent. */
const KEPT_BYTES = 256 * 1024;

export async function importSource(options: ImportOptions): Promise<readonly FolderReceipt[]> {
  const { access, address, source } = options;
  const roles: RoleHolders = await access.listMailboxes(address);
  for (const skipped of source.skipped) options.onProblem(skipped);
  const state = {
    messages: 0,
    bytes: 0,
    totalBytes: source.folders.reduce((sum, folder) => sum + folder.sizeBytes, 0),
  };
  const receipts: FolderReceipt[] = [];
  for (const folder of source.folders) {
    const isOnly = source.folders.length === 1;
    const wanted = mailboxFor(folder.name, { roles, below: options.mailbox, isOnly });
    const receipt = await importFolder(options, folder, wanted, state);
    if (receipt !== undefined) receipts.push(receipt);
  }
  return receipts;
}

interface Running {
  messages: number;
  bytes: number;
  readonly totalBytes: number;
}

async function importFolder(
  options: ImportOptions,
  folder: SourceFolder,
  wanted: string,
  state: Running,
): Promise<FolderReceipt | undefined> {
  const { access, address } = options;
  let open: OpenFolder;
  let mailbox: { name: string; isNew: boolean };
  try {
    open = folder.open();
  } catch (error) {
    options.onProblem({ where: folder.where, why: (error as Error).message });
    return undefined;
  }
  try {
    const { isSubscribed } = folder;
    mailbox = await access.ensureMailbox(address, wanted, isSubscribed === undefined ? {} : { isSubscribed });
  } catch (error) {
    open.close();
    if (!(error instanceof MailboxError) || error.code === 'unavailable') throw error;
    options.onProblem({ where: folder.where, why: `no mailbox "${wanted}" can be made: ${error.message}` });
    return undefined;
  }
  const run = new FolderRun(options, folder, mailbox, state);
  try {
    await run.all(await run.inOrder(open));
  } finally {
    open.close();
  }
  return run.receipt(open.messages.length);
}

interface Prepared {
  readonly where: string;
  /** In the source, for the progress. */
  readonly sizeBytes: number;
  /** As it will be stored: the source may hold it compressed. */
  readonly bytes: number;
  readonly message: MessageToAdd & { readonly importKey: Buffer };
}

class FolderRun {
  readonly #options: ImportOptions;
  readonly #folder: SourceFolder;
  readonly #mailbox: { readonly name: string; readonly isNew: boolean };
  readonly #state: Running;
  readonly #seen = new Map<string, number>();
  readonly #counts = { imported: 0, known: 0, passedOver: 0, refused: 0, lostKeywords: 0, lostUids: 0 };
  #takenOver: TakenOver | undefined;

  constructor(
    options: ImportOptions,
    folder: SourceFolder,
    mailbox: { readonly name: string; readonly isNew: boolean },
    state: Running,
  ) {
    this.#options = options;
    this.#folder = folder;
    this.#mailbox = mailbox;
    this.#state = state;
  }

  receipt(found: number): FolderReceipt {
    const { name: mailbox, isNew } = this.#mailbox;
    const taken = this.#takenOver;
    const uids = taken === undefined ? {} : { uids: 'why' in taken ? taken : ('kept' as const) };
    return { where: this.#folder.where, mailbox, isNew, found, ...uids, ...this.#counts };
  }

  /** By UID when the mailbox takes them over; messages without one come last. */
  async inOrder({ uids, messages }: OpenFolder): Promise<readonly SourceMessage[]> {
    if (uids === undefined) return messages;
    const { access, address } = this.#options;
    this.#takenOver = await access.takeOverUids(address, this.#mailbox.name, uids);
    if ('why' in this.#takenOver) return messages;
    const placed = messages.map((message) => ({ message, uid: message.uid ?? Number.POSITIVE_INFINITY }));
    return placed.sort((a, b) => (a.uid === b.uid ? 0 : a.uid - b.uid)).map(({ message }) => message);
  }

  /** The next batch is read while the one before it is on its way. */
  async all(messages: readonly SourceMessage[]): Promise<void> {
    let sending: Promise<void> = Promise.resolve();
    for (let at = 0; at < messages.length; ) {
      const batch: Prepared[] = [];
      let bytes = 0;
      for (; at < messages.length && batch.length < BATCH_MESSAGES && bytes < BATCH_BYTES; at++) {
        const prepared = this.#prepare(messages[at] as SourceMessage);
        if (prepared !== undefined) batch.push(prepared);
        bytes += prepared?.bytes ?? 0;
        if (at % 16 === 0) await nextTurn();
      }
      await sending;
      sending = this.#send(batch);
      // The loop above reads files: a failure of this batch is looked at when the next one is ready.
      sending.catch(() => undefined);
    }
    await sending;
  }

  #prepare(source: SourceMessage): Prepared | undefined {
    try {
      const loaded = source.load();
      if (loaded === undefined) {
        this.#counts.passedOver++;
        this.#advance(1, source.sizeBytes);
        return undefined;
      }
      const hash = createHash('sha256');
      let kept: Buffer[] | undefined = [];
      let bytes = 0;
      for (const chunk of loaded.chunks()) {
        hash.update(chunk);
        bytes += chunk.length;
        if (bytes > KEPT_BYTES) kept = undefined;
        kept?.push(chunk);
      }
      const { flags, keywords, internalDate, externalId } = loaded;
      const whole = kept;
      const chunks = whole === undefined ? () => loaded.chunks() : () => whole;
      const marks = {
        ...{ flags, keywords, internalDate },
        ...(externalId === undefined ? {} : { externalId }),
        ...this.#placeOf(source),
      };
      const message = { ...marks, importKey: this.#key(hash.digest()), chunks };
      return { where: source.where, sizeBytes: source.sizeBytes, bytes, message };
    } catch (error) {
      this.#refuse(source.where, (error as Error).message);
      this.#advance(1, source.sizeBytes);
      return undefined;
    }
  }

  #placeOf({ uid }: SourceMessage): { readonly place?: UidPlace } {
    const taken = this.#takenOver;
    if (uid === undefined || taken === undefined || 'why' in taken) return {};
    return { place: { uid, uidNext: taken.uidNext } };
  }

  #key(content: Buffer): Buffer {
    const name = content.toString('base64', 0, 18);
    const occurrence = this.#seen.get(name) ?? 0;
    this.#seen.set(name, occurrence + 1);
    const hash = createHash('sha256').update(this.#folder.identity).update('\0').update(content);
    return hash.update(`\0${occurrence}`).digest().subarray(0, 16);
  }

  async #send(batch: readonly Prepared[]): Promise<void> {
    const { access, address } = this.#options;
    const { name, isNew } = this.#mailbox;
    const keys = batch.map(({ message }) => message.importKey);
    const known = isNew || batch.length === 0 ? [] : await access.whichImported(address, name, keys);
    const fresh = batch.filter((_, i) => known[i] !== true);
    this.#counts.known += batch.length - fresh.length;
    const outcomes =
      fresh.length === 0
        ? []
        : await access.addMessages(
            address,
            name,
            fresh.map(({ message }) => message),
          );
    for (const [i, { where, message }] of fresh.entries()) {
      const outcome = outcomes[i];
      if (outcome === undefined) throw new ImportStopped('the server did not account for every message');
      if (!isRefusal(outcome)) {
        this.#counts.imported++;
        if (outcome.lostKeywords === true) this.#counts.lostKeywords++;
        if (message.place !== undefined && message.place.uid !== outcome.uid) this.#counts.lostUids++;
      } else if (outcome.refused === 'unavailable' || outcome.refused === 'nonexistent') {
        throw new ImportStopped(outcome.why);
      } else this.#refuse(where, outcome.why);
    }
    this.#advance(
      batch.length,
      batch.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    );
  }

  #refuse(where: string, why: string): void {
    this.#counts.refused++;
    this.#options.onProblem({ where, why });
  }

  #advance(messages: number, bytes: number): void {
    this.#state.messages += messages;
    this.#state.bytes += bytes;
    this.#options.onProgress({ mailbox: this.#mailbox.name, ...this.#state });
  }
}
