/**
 * The daemon that speaks to Apple: told by POST, in JSON. Of each telephone one request at a time, with pauses in which news come
 * together (`http/parcels.ts`). Before each it is looked up anew whether the telephone is still to be told: one that has expired, was
 * signed in with something that is not good any more, or may not read the mailbox, is not. A daemon that answers 410 has a telephone that
 * is no more.
 *
 * What is said is which mailbox it is, as a digest, and nothing of the mail. Tokens of telephones are secrets and are not logged.
 */
import { GateFull } from '../base/gate.ts';
import type { Log } from '../base/log.ts';
import { type Outward, OutwardError } from '../http/outward.ts';
import { type Outcome, outcomeOf, Parcels } from '../http/parcels.ts';
import type { Sharing } from '../identity/sharing.ts';
import type { Domain } from '../mailbox/domain.ts';
import { isClosed } from '../mailbox/model/access.ts';
import { type Device, devicesIn } from '../mailbox/model/devices.ts';
import type { AccountId, MailboxId } from '../mailbox/model/model.ts';
import { dropDevices } from '../mailbox/operations/devices.ts';
import { rightsOf } from '../mailbox/operations/shares.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import { loadBelongings } from '../mailbox/state/belongings.ts';

export interface DaemonOptions {
  readonly domain: Pick<Domain, 'accounts' | 'store' | 'turns' | 'clock' | 'placement'>;
  readonly sharing: Pick<Sharing, 'personOf'>;
  readonly log: Log;
  readonly topic: string;
  readonly url: string;
  /** To whatever address the administrator has named. */
  readonly outward: Outward;
  /** Between two requests about one telephone; 5 seconds when left out. */
  readonly pauseMs?: number;
  /** After a failure, the first time; ten seconds when left out. */
  readonly retryMs?: number;
}

/** New mail in mailboxes of an account, for one telephone. */
export interface News {
  readonly account: AccountId;
  readonly device: number;
  readonly mailboxes: ReadonlySet<MailboxId>;
}

const MAX_ANSWER = 16 * 1024;
const GONE: Outcome = { kind: 'gone' };
const DONE: Outcome = { kind: 'done' };

export class PushDaemon {
  readonly #options: DaemonOptions;
  readonly #parcels: Parcels<News>;
  /** Said once, until it works again. */
  #isFailing = false;

  constructor(options: DaemonOptions) {
    this.#options = options;
    const { pauseMs, retryMs } = options;
    this.#parcels = new Parcels({ pauseMs, retryMs, join: together, send: (news) => this.#attempt(news) });
  }

  tell(news: News): void {
    this.#parcels.put(`${news.account}/${news.device}`, news);
  }

  stop(): void {
    this.#parcels.stop();
  }

  async #attempt(news: News): Promise<Outcome> {
    const { domain, log } = this.#options;
    try {
      if (domain.placement.locate(news.account).kind !== 'here') return GONE;
      const account = await domain.accounts.open(news.account).catch(() => undefined);
      if (account === undefined) return GONE;
      const devices = devicesIn(await loadBelongings(domain, account));
      const device = devices.find(({ id }) => id === news.device);
      if (device === undefined) return GONE;
      const digests = await this.#digestsFor(account, device, news.mailboxes);
      const outcome =
        digests === 'gone' ? GONE : digests.length === 0 ? DONE : await this.#post(device, digests);
      if (outcome.kind === 'gone') await dropDevices(domain, account, [device.id]);
      return outcome;
    } catch (err) {
      if (!(err instanceof GateFull))
        log.warn({ err, account: news.account }, 'a telephone could not be told of mail');
      return { kind: 'later' };
    }
  }

  /** `gone` when it is never to be told again. */
  async #digestsFor(
    account: AccountState,
    { value }: Device,
    mailboxes: ReadonlySet<MailboxId>,
  ): Promise<readonly string[] | 'gone'> {
    const { domain, sharing } = this.#options;
    const { reader, credential, wishes, expiresMs } = value;
    const isOwn = reader === account.id;
    const record = isOwn ? account.record : await domain.store.directory.get(reader);
    if (record === undefined || expiresMs <= domain.clock.nowMs()) return 'gone';
    if (credential !== undefined && !record.credentials.some(({ id }) => id === credential)) return 'gone';
    // Whoever has the telephone is not to learn by it that mail comes.
    if (isClosed(record) || isClosed(account.record)) return [];
    const person = isOwn ? undefined : await sharing.personOf(record);
    return wishes.flatMap((wish) => {
      const mailbox = account.mailboxes.get(wish.mailbox);
      if (mailbox === undefined || !mailboxes.has(wish.mailbox)) return [];
      const rights = person && rightsOf(account, mailbox, person);
      return rights === undefined || (rights.includes('l') && rights.includes('r')) ? [wish.digest] : [];
    });
  }

  async #post({ value }: Device, digests: readonly string[]): Promise<Outcome> {
    const { outward, topic, url } = this.#options;
    const { accountKey: accountId, token: deviceToken, subtopic } = value;
    try {
      const { status, headers } = await outward.ask({
        ...{ url, method: 'POST', maxBytes: MAX_ANSWER, headers: { 'content-type': 'application/json' } },
        body: JSON.stringify({ topic, subtopic, accountId, deviceToken, mailboxes: [...new Set(digests)] }),
      });
      this.#note(status >= 200 && status < 300 ? undefined : { status });
      // Another path is a fault of the configuration, not of the telephone.
      return status === 404 ? DONE : outcomeOf(status, headers['retry-after']);
    } catch (error) {
      if (!(error instanceof OutwardError)) throw error;
      this.#note({ fault: error.fault });
      return { kind: 'later' };
    }
  }

  #note(trouble: { readonly status: number } | { readonly fault: string } | undefined): void {
    const { log } = this.#options;
    if (trouble !== undefined && 'status' in trouble && trouble.status === 410) return;
    if (trouble !== undefined && !this.#isFailing)
      log.warn(trouble, "the daemon for Apple's push service does not take news of mail");
    if (trouble === undefined && this.#isFailing)
      log.info({}, "the daemon for Apple's push service takes news again");
    this.#isFailing = trouble !== undefined;
  }
}

function together(older: News, newer: News): News {
  return { ...newer, mailboxes: older.mailboxes.union(newer.mailboxes) };
}
