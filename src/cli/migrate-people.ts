/** The accounts of a migration, some at a time: one line of progress for all of them, a line for each that is done. */
import type { Admin } from '../admin/admin.ts';
import { isLost } from '../admin/control-client.ts';
import { migrateAccount } from '../transfer/network/account-run.ts';
import type { Endpoint, Trust } from '../transfer/network/endpoint.ts';
import { ImapRemote } from '../transfer/network/imap-remote.ts';
import { Pace } from '../transfer/network/pace.ts';
import { readNames } from '../transfer/network/pop3-remote.ts';
import type { AccountReceipt } from '../transfer/network/receipt.ts';
import type { SignIn } from '../transfer/network/sign-in.ts';
import { lineOf, type Showing } from './migrate-receipt.ts';
import type { Person } from './migrate-source.ts';
import { counted, note, ProgressLine, shortDuration } from './terminal.ts';

/** Longer silence is a broken connection. */
const SILENCE_MS = 60_000;
/** More of the same account tell nothing new; the receipt has them. */
const MAX_SHOWN = 20;

export interface MigrationsOptions {
  readonly target: Admin;
  readonly endpoint: Endpoint;
  /** Of the same server. */
  readonly pop3: Endpoint | undefined;
  readonly trust: Trust;
  readonly signIn: (person: Person) => SignIn;
  readonly wishes: Wishes;
}

/** What the command line says of how it is to be done. */
export interface Wishes extends Showing {
  readonly user?: string;
  readonly mailbox?: string;
  readonly skip: readonly string[];
  readonly delete?: boolean;
  readonly parallel: number;
  readonly rate?: number;
  /** In ms. */
  readonly patience: number;
}

interface Running {
  readonly folder: string;
  readonly messages: number;
  readonly bytes: number;
}

export class Migrations {
  readonly #options: MigrationsOptions;
  readonly #pace: Pace;
  readonly #progress = new ProgressLine();
  readonly #running = new Map<string, Running>();
  #doneMessages = 0;
  #doneBytes = 0;
  #done = 0;
  #all = 0;
  /** Our own server is gone: nothing would go in any more. */
  #lost: string | undefined;

  constructor(options: MigrationsOptions) {
    this.#options = options;
    this.#pace = new Pace(options.wishes.rate ?? Number.POSITIVE_INFINITY);
  }

  /** In the order of the people. */
  async all(people: readonly Person[]): Promise<readonly AccountReceipt[]> {
    this.#all = people.length;
    const receipts: AccountReceipt[] = [];
    let next = 0;
    const work = async (): Promise<void> => {
      for (let at = next++; at < people.length; at = next++)
        receipts[at] = await this.#one(people[at] as Person);
    };
    const workers = Math.min(people.length, this.#options.wishes.parallel);
    await Promise.all(Array.from({ length: workers }, work));
    this.#progress.clear();
    return receipts;
  }

  async #one(person: Person): Promise<AccountReceipt> {
    const { account } = person;
    const receipt = await this.#migrate(person);
    const { messages = 0, bytes = 0 } = this.#running.get(account) ?? {};
    this.#running.delete(account);
    this.#doneMessages += messages;
    this.#doneBytes += bytes;
    this.#done++;
    this.#say(lineOf(receipt, this.#options.wishes));
    return receipt;
  }

  async #migrate(person: Person): Promise<AccountReceipt> {
    const { target, endpoint, pop3, trust, wishes } = this.#options;
    const { account } = person;
    const signIn = this.#options.signIn(person);
    let problems = 0;
    const source = `${person.user ?? wishes.user ?? endpoint.user ?? account}@${endpoint.host}`;
    if (this.#lost !== undefined) return notBegun(account, source, this.#lost);
    try {
      return await migrateAccount({
        ...{ target, address: account, source, pace: this.#pace },
        connect: () => ImapRemote.connect({ endpoint, trust, signIn, silenceMs: SILENCE_MS }),
        ...(pop3 !== undefined && {
          readNames: () => readNames({ endpoint: pop3, trust, signIn, silenceMs: SILENCE_MS }),
        }),
        patienceMs: wishes.patience,
        mode: wishes.dryRun === true ? 'count' : wishes.verify === true ? 'verify' : 'bring',
        removes: wishes.delete === true,
        skip: wishes.skip,
        ...(wishes.mailbox === undefined ? {} : { mailbox: wishes.mailbox }),
        onProgress: (running) => this.#show(account, running),
        onPause: (why, ms) => this.#say(`${account}: ${why}; trying again in ${shortDuration(ms)}`),
        onProblem: ({ where, why }) => {
          if (problems++ < MAX_SHOWN) this.#say(`${account}: ${where}: ${why}`);
          else if (problems === MAX_SHOWN + 1)
            this.#say(`${account}: more stands in the receipt (--receipt)`);
        },
      });
    } catch (error) {
      if (error instanceof TypeError || (error as Error).name === 'Bug') throw error;
      const { message } = error as Error;
      if (isLost(error)) this.#lost = message;
      return notBegun(account, source, message);
    }
  }

  #show(account: string, running: Running): void {
    this.#running.set(account, running);
    this.#progress.show(() => {
      const now = [...this.#running.values()];
      const messages = now.reduce((sum, one) => sum + one.messages, this.#doneMessages);
      const bytes = now.reduce((sum, one) => sum + one.bytes, this.#doneBytes);
      const what =
        this.#all === 1
          ? `${account}, ${running.folder}`
          : `${this.#done} of ${counted(this.#all, 'account')}`;
      return `${what}: ${this.#progress.describe({ messages, bytes })}`;
    });
  }

  #say(line: string): void {
    this.#progress.clear();
    note(line);
  }
}

function notBegun(account: string, source: string, stopped: string): AccountReceipt {
  return { account, source, folders: [], problems: [], moreProblems: 0, leftOut: [], seconds: 0, stopped };
}
