/**
 * The store as everybody but `Turns` sees it: what its calls throw is said in the domain's words (MailboxError, the
 * StoreError as its cause), here and nowhere else, so that no protocol can meet an error of the store. A class with a
 * private field, so that nothing else passes for it: `Domain.store` is one of these or does not compile.
 *
 * `write` goes through untouched: its outcomes are values, and `Turns` undoes by them.
 */
import type { AccountId } from '../model/model.ts';
import type { OutgoingId } from '../model/outgoing.ts';
import { EmailsInUse } from './emails-in-use.ts';
import type { OutgoingStore } from './outgoing.ts';
import type { AccountBatch, Directory, MailStore, Packing, Snapshots, Staging, StoreWrite } from './store.ts';
import { atOnceInWords, CHANGING, inWords, READING, rethrow, STORING, slicesInWords } from './store-words.ts';
import { TranslatedDirectory } from './translated-directory.ts';

type Calls = MailStore;

export class TranslatedStore implements MailStore {
  readonly directory: Directory;
  readonly outgoing: OutgoingStore;
  readonly packing: Packing;
  readonly snapshots: Snapshots;
  /** Whoever reads octets holds their email by itself. */
  readonly inUse = new EmailsInUse();
  readonly #store: MailStore;

  constructor(store: MailStore) {
    this.#store = store;
    this.directory = new TranslatedDirectory(store.directory);
    this.outgoing = new TranslatedOutgoing(store.outgoing);
    this.packing = {
      compact: () => inWords(STORING, () => store.packing.compact()),
      status: () => inWords(READING, () => store.packing.status()),
    };
    this.snapshots = {
      take: () => inWords(STORING, () => store.snapshots.take()),
      keep: () => inWords(READING, () => store.snapshots.keep()),
      release: () => inWords(CHANGING, () => store.snapshots.release()),
    };
  }

  owns(account: AccountId): boolean {
    return this.#store.owns(account);
  }

  loadAccount(...args: Parameters<Calls['loadAccount']>) {
    return inWords(READING, () => this.#store.loadAccount(...args));
  }

  loadChunks(...args: Parameters<Calls['loadChunks']>) {
    return inWords(READING, () => this.#store.loadChunks(...args));
  }

  loadLastChunk(...args: Parameters<Calls['loadLastChunk']>) {
    return inWords(READING, () => this.#store.loadLastChunk(...args));
  }

  loadEmails(...args: Parameters<Calls['loadEmails']>) {
    return inWords(READING, () => this.#store.loadEmails(...args));
  }

  loadExpunged(...args: Parameters<Calls['loadExpunged']>) {
    return inWords(READING, () => this.#store.loadExpunged(...args));
  }

  loadUnreleased(...args: Parameters<Calls['loadUnreleased']>) {
    return inWords(READING, () => this.#store.loadUnreleased(...args));
  }

  loadRecoverable(...args: Parameters<Calls['loadRecoverable']>) {
    return inWords(READING, () => this.#store.loadRecoverable(...args));
  }

  loadThreadMatches(...args: Parameters<Calls['loadThreadMatches']>) {
    return inWords(READING, () => this.#store.loadThreadMatches(...args));
  }

  countThread(...args: Parameters<Calls['countThread']>) {
    return inWords(READING, () => this.#store.countThread(...args));
  }

  loadThread(...args: Parameters<Calls['loadThread']>) {
    return inWords(READING, () => this.#store.loadThread(...args));
  }

  loadThreadMembers(...args: Parameters<Calls['loadThreadMembers']>) {
    return inWords(READING, () => this.#store.loadThreadMembers(...args));
  }

  loadAccountsBehind(...args: Parameters<Calls['loadAccountsBehind']>) {
    return inWords(READING, () => this.#store.loadAccountsBehind(...args));
  }

  loadAccountsUnmet(...args: Parameters<Calls['loadAccountsUnmet']>) {
    return inWords(READING, () => this.#store.loadAccountsUnmet(...args));
  }

  loadBuried(...args: Parameters<Calls['loadBuried']>) {
    return inWords(READING, () => this.#store.loadBuried(...args));
  }

  loadHistory(...args: Parameters<Calls['loadHistory']>) {
    return inWords(READING, () => this.#store.loadHistory(...args));
  }

  measureHistory(...args: Parameters<Calls['measureHistory']>) {
    return inWords(READING, () => this.#store.measureHistory(...args));
  }

  loadAccountsToReap(...args: Parameters<Calls['loadAccountsToReap']>) {
    return inWords(READING, () => this.#store.loadAccountsToReap(...args));
  }

  loadExternalIds(...args: Parameters<Calls['loadExternalIds']>) {
    return inWords(READING, () => this.#store.loadExternalIds(...args));
  }

  whichImported(...args: Parameters<Calls['whichImported']>) {
    return inWords(READING, () => this.#store.whichImported(...args));
  }

  loadImported(...args: Parameters<Calls['loadImported']>) {
    return inWords(READING, () => this.#store.loadImported(...args));
  }

  loadScript(...args: Parameters<Calls['loadScript']>) {
    return inWords(READING, () => this.#store.loadScript(...args));
  }

  loadAnnotations(...args: Parameters<Calls['loadAnnotations']>) {
    return inWords(READING, () => this.#store.loadAnnotations(...args));
  }

  loadSharers(...args: Parameters<Calls['loadSharers']>) {
    return inWords(READING, () => this.#store.loadSharers(...args));
  }

  loadBelongings(...args: Parameters<Calls['loadBelongings']>) {
    return inWords(READING, () => this.#store.loadBelongings(...args));
  }

  loadLessons(...args: Parameters<Calls['loadLessons']>) {
    return inWords(READING, () => this.#store.loadLessons(...args));
  }

  loadCorrespondents(...args: Parameters<Calls['loadCorrespondents']>) {
    return inWords(READING, () => this.#store.loadCorrespondents(...args));
  }

  countCorrespondents(...args: Parameters<Calls['countCorrespondents']>) {
    return inWords(READING, () => this.#store.countCorrespondents(...args));
  }

  loadMemories(...args: Parameters<Calls['loadMemories']>) {
    return inWords(READING, () => this.#store.loadMemories(...args));
  }

  loadRuleEntries(...args: Parameters<Calls['loadRuleEntries']>) {
    return inWords(READING, () => this.#store.loadRuleEntries(...args));
  }

  async readRanges(...args: Parameters<Calls['readRanges']>) {
    using _held = this.inUse.hold(args[0].map(({ email }) => email));
    return await inWords(READING, () => this.#store.readRanges(...args));
  }

  async *readStream(...args: Parameters<Calls['readStream']>): AsyncGenerator<Buffer> {
    using _held = this.inUse.hold([args[0].email]);
    yield* slicesInWords(() => this.#store.readStream(...args));
  }

  assertRoom(...args: Parameters<Calls['assertRoom']>): void {
    atOnceInWords(STORING, () => this.#store.assertRoom(...args));
  }

  stage(...args: Parameters<Calls['stage']>): Staging {
    return new TranslatedStaging(atOnceInWords(STORING, () => this.#store.stage(...args)));
  }

  write(batches: readonly AccountBatch[]): StoreWrite {
    return this.#store.write(batches);
  }

  destroyAccount(...args: Parameters<Calls['destroyAccount']>) {
    return inWords('it is taken up again at the next start', () => this.#store.destroyAccount(...args));
  }

  listEmails(...args: Parameters<Calls['listEmails']>) {
    return inWords(READING, () => this.#store.listEmails(...args));
  }

  verifyEmails(...args: Parameters<Calls['verifyEmails']>) {
    return inWords(READING, () => this.#store.verifyEmails(...args));
  }

  inspect(...args: Parameters<Calls['inspect']>) {
    return slicesInWords(() => this.#store.inspect(...args));
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

class TranslatedStaging implements Staging {
  readonly #staging: Staging;

  constructor(staging: Staging) {
    this.#staging = staging;
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    const written = atOnceInWords(STORING, () => this.#staging.write(chunk));
    return written?.catch((error: unknown) => rethrow(error, STORING));
  }

  finish() {
    return inWords(STORING, () => this.#staging.finish());
  }

  abort(): void {
    this.#staging.abort();
  }
}

class TranslatedOutgoing implements OutgoingStore {
  readonly #outgoing: OutgoingStore;

  constructor(outgoing: OutgoingStore) {
    this.#outgoing = outgoing;
  }

  loadDue(...args: Parameters<OutgoingStore['loadDue']>) {
    return inWords(READING, () => this.#outgoing.loadDue(...args));
  }

  load(...args: Parameters<OutgoingStore['load']>) {
    return inWords(READING, () => this.#outgoing.load(...args));
  }

  list(...args: Parameters<OutgoingStore['list']>) {
    return inWords(READING, () => this.#outgoing.list(...args));
  }

  countRecipients(...args: Parameters<OutgoingStore['countRecipients']>) {
    return inWords(READING, () => this.#outgoing.countRecipients(...args));
  }

  countOctets(...args: Parameters<OutgoingStore['countOctets']>) {
    return inWords(READING, () => this.#outgoing.countOctets(...args));
  }

  measure(...args: Parameters<OutgoingStore['measure']>) {
    return inWords(READING, () => this.#outgoing.measure(...args));
  }

  claim(...args: Parameters<OutgoingStore['claim']>) {
    return inWords(CHANGING, () => this.#outgoing.claim(...args));
  }

  giveBack(ids: readonly OutgoingId[], owner: string): void {
    this.#outgoing.giveBack(ids, owner);
  }

  /** Its outcomes are values, as those of `write` are. */
  settle(...args: Parameters<OutgoingStore['settle']>) {
    return inWords(CHANGING, () => this.#outgoing.settle(...args));
  }

  loadLog(...args: Parameters<OutgoingStore['loadLog']>) {
    return inWords(READING, () => this.#outgoing.loadLog(...args));
  }

  pruneLog(...args: Parameters<OutgoingStore['pruneLog']>) {
    return inWords(CHANGING, () => this.#outgoing.pruneLog(...args));
  }
}
