/**
 * All folders of one account of the old server, one after the other, and the receipt. A folder that cannot be read is named, and the
 * others are brought; a server that cannot be reached any more, there or here, ends it, and it goes on when it is run again.
 */
import { MailboxError } from '../../mailbox/model/errors.ts';
import { SourceFailure } from './failure.ts';
import { type Listing, listFolder, runFolder } from './folder-run.ts';
import type { ImapRemote } from './imap-remote.ts';
import { labelPlacing, labelPlan } from './labels.ts';
import { Line } from './line.ts';
import { type Migration, MigrationStopped, type Mode, type Target } from './migration.ts';
import type { Pace } from './pace.ts';
import { Patience, type PatienceOptions } from './patience.ts';
import { folderPlacing, type Placing } from './placing.ts';
import { type NamedHeader, Pop3Names } from './pop3-names.ts';
import type { AccountReceipt, FolderReceipt, Problem } from './receipt.ts';
import type { RemoteFolder } from './remote-folders.ts';
import { Room } from './room.ts';

export interface AccountOptions {
  readonly target: Target;
  readonly address: string;
  /** `user@host`. */
  readonly source: string;
  connect(): Promise<ImapRemote>;
  /** Over POP3: of the mail in INBOX, by what programs know it. */
  readNames?(): Promise<readonly NamedHeader[]>;
  readonly pace: Pace;
  /** For how long the old server may not work at all, in ms. */
  readonly patienceMs: number;
  /** Tests own the time. */
  readonly time?: Pick<PatienceOptions, 'sleep' | 'now'>;
  readonly mode: Mode;
  readonly removes: boolean;
  /** Everything goes there or below it. */
  readonly mailbox?: string;
  /** Folders there that are left out, with what lies below. */
  readonly skip: readonly string[];
  onProgress(progress: Progress): void;
  /** Something is waited for. */
  onPause(why: string, ms: number): void;
  onProblem(problem: Problem): void;
}

export interface Progress {
  readonly folder: string;
  readonly messages: number;
  readonly bytes: number;
}

const NOT_SHOWN =
  'Gmail does not show it over IMAP, so mail with several labels comes once for each; its settings can show it';
/** A receipt of more is read by nobody; they are counted. */
const MOST_PROBLEMS = 10_000;

export async function migrateAccount(options: AccountOptions): Promise<AccountReceipt> {
  return new AccountRun(options).run();
}

class AccountRun {
  readonly #options: AccountOptions;
  readonly #line: Line;
  readonly #room: Room;
  readonly #startMs = performance.now();
  readonly #folders: FolderReceipt[] = [];
  readonly #problems: Problem[] = [];
  readonly #leftOut: Problem[] = [];
  #moreProblems = 0;
  #roomBytes: number | undefined;
  #stopped: string | undefined;
  #messages = 0;
  #bytes = 0;

  constructor(options: AccountOptions) {
    this.#options = options;
    const patience = new Patience({
      longestMs: options.patienceMs,
      ...options.time,
      onPause: (failure, ms) => options.onPause(failure.message, ms),
    });
    this.#room = new Room(() => options.target.findAccount(options.address));
    this.#line = new Line({ connect: () => options.connect(), patience });
  }

  async run(): Promise<AccountReceipt> {
    const { address, source } = this.#options;
    try {
      await this.#all();
    } catch (error) {
      if (!isExpected(error)) throw error;
      this.#stopped = (error as Error).message;
    } finally {
      this.#line.close();
    }
    return {
      account: address,
      source,
      folders: this.#folders,
      problems: this.#problems,
      moreProblems: this.#moreProblems,
      leftOut: this.#leftOut,
      ...(this.#roomBytes === undefined ? {} : { roomBytes: this.#roomBytes }),
      ...(this.#stopped === undefined ? {} : { stopped: this.#stopped }),
      seconds: Math.round(performance.now() - this.#startMs) / 1000,
    };
  }

  async #all(): Promise<void> {
    const { target, address, mailbox } = this.#options;
    // First: an account that is not here needs no sign-in there.
    const { quotaBytes, usedBytes } = await target.findAccount(address);
    if (quotaBytes !== undefined) this.#roomBytes = Math.max(0, quotaBytes - usedBytes);
    const { folders, hasLabels } = await this.#line.ask(async (remote) => {
      return { folders: await remote.folders(), hasLabels: remote.hasLabels };
    });
    const naming = { roles: await target.listMailboxes(address), below: mailbox };
    const wanted: RemoteFolder[] = [];
    for (const folder of folders) {
      const why = folder.skipped ?? this.#whySkipped(folder);
      if (why === undefined) wanted.push(folder);
      else this.#leftOut.push({ where: folder.path, why });
    }
    const plan = hasLabels ? labelPlan(wanted) : undefined;
    if (hasLabels && plan === undefined) this.#leftOut.push({ where: 'All Mail', why: NOT_SHOWN });
    if (plan !== undefined) {
      await this.#folder(plan.all, ({ open, messages }, migration) =>
        labelPlacing(migration, plan, { uidValidity: open.uidValidity, messages, naming }),
      );
    }
    for (const folder of plan?.others ?? wanted) {
      await this.#folder(folder, (listing, migration) =>
        folderPlacing(migration, folder, { ...listing, naming }),
      );
    }
  }

  #whySkipped({ path, name }: RemoteFolder): string | undefined {
    const isNamed = this.#options.skip.some((one) =>
      [path, name].some((it) => it === one || it.startsWith(`${one}/`)),
    );
    return isNamed ? 'it was to be left out' : undefined;
  }

  async #folder(
    folder: RemoteFolder,
    placingOf: (listing: Listing, migration: Migration) => Promise<Placing>,
  ): Promise<void> {
    const { path } = folder;
    const migration = this.#migration(folder);
    try {
      const listing = await listFolder(migration, path);
      const placing = await placingOf(listing, migration);
      this.#folders.push(await runFolder(migration, { path, listing, placing }));
    } catch (error) {
      this.#passOver(folder, error);
    }
  }

  /** What is the folder's own costs the folder alone. */
  #passOver({ path }: RemoteFolder, error: unknown): void {
    const isOfSource =
      error instanceof SourceFailure && (error.kind === 'refused' || error.kind === 'changed');
    const isOfMailbox = error instanceof MailboxError && error.code !== 'unavailable';
    if (!isOfSource && !isOfMailbox) throw error;
    this.#problem({ where: path, why: (error as Error).message });
  }

  #problem(problem: Problem): void {
    this.#options.onProblem(problem);
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push(problem);
    else this.#moreProblems++;
  }

  #migration({ path }: RemoteFolder): Migration {
    const { target, address, source, pace, mode, removes, readNames } = this.#options;
    return {
      ...{ target, address, source: source.toLowerCase(), pace, mode, removes, line: this.#line },
      room: this.#room,
      ...(readNames !== undefined && {
        pop3Names: async () => new Pop3Names(await this.#line.elsewhere(readNames)),
      }),
      onMessages: (messages, bytes) => {
        this.#messages += messages;
        this.#bytes += bytes;
        this.#options.onProgress({ folder: path, messages: this.#messages, bytes: this.#bytes });
      },
      onProblem: (problem) => this.#problem(problem),
    };
  }
}

/** Anything else is a bug, or the connection to our own server, which the command knows. */
function isExpected(error: unknown): boolean {
  return error instanceof SourceFailure || error instanceof MigrationStopped || error instanceof MailboxError;
}
