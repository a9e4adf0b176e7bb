/**
 * Notices new mail in the accounts that are held here, for the telephones that want to hear of it: a mailbox whose next UID has moved. An
 * account is looked at from when it is in memory, before anybody changes it, and as long as it is.
 */
import type { Log } from '../base/log.ts';
import type { Domain } from '../mailbox/domain.ts';
import { devicesIn } from '../mailbox/model/devices.ts';
import type { MailboxId } from '../mailbox/model/model.ts';
import { dropDevices } from '../mailbox/operations/devices.ts';
import { AccountLooks } from '../mailbox/reading/account-looks.ts';
import { isKept } from '../mailbox/reading/moment.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import { loadBelongings } from '../mailbox/state/belongings.ts';
import { type DaemonOptions, PushDaemon } from './daemon.ts';

export interface ApplePush {
  stop(): Promise<void>;
}

interface Watching {
  readonly domain: Pick<Domain, 'accounts' | 'store' | 'turns' | 'clock'>;
  readonly daemon: PushDaemon;
  readonly log: Log;
}

export function startApplePush(options: DaemonOptions): ApplePush {
  const { accounts } = options.domain;
  const daemon = new PushDaemon(options);
  const watching: Watching = { ...options, daemon };
  const watch = (account: AccountState): void => void new AccountNews(account, watching);
  accounts.onLoaded.add(watch);
  for (const account of accounts.all()) watch(account);
  return {
    async stop() {
      accounts.onLoaded.delete(watch);
      daemon.stop();
    },
  };
}

class AccountNews {
  readonly #account: AccountState;
  readonly #watching: Watching;
  #known: ReadonlyMap<MailboxId, number>;

  constructor(account: AccountState, watching: Watching) {
    this.#account = account;
    this.#watching = watching;
    this.#known = nextUids(account);
    new AccountLooks(account, {
      look: () => this.#look(),
      onFailed: (err) => watching.log.warn({ err, account: account.id }, 'nobody could be told of new mail'),
    });
  }

  async #look(): Promise<void> {
    const account = this.#account;
    const { domain, daemon } = this.#watching;
    const now = nextUids(account);
    // What was taken back is followed by another hint.
    if (!(await isKept(account.unsettled))) return;
    const news = new Set([...now].flatMap(([id, next]) => (next > (this.#known.get(id) ?? 1) ? [id] : [])));
    this.#known = now;
    if (news.size === 0) return;
    const nowMs = domain.clock.nowMs();
    const expired: number[] = [];
    for (const { id, value } of devicesIn(await loadBelongings(domain, account))) {
      const mailboxes = new Set(value.wishes.flatMap(({ mailbox }) => (news.has(mailbox) ? [mailbox] : [])));
      if (value.expiresMs <= nowMs) expired.push(id);
      else if (mailboxes.size > 0) daemon.tell({ account: account.id, device: id, mailboxes });
    }
    if (expired.length > 0) await dropDevices(domain, account, expired);
  }
}

function nextUids({ mailboxes }: AccountState): ReadonlyMap<MailboxId, number> {
  return new Map([...mailboxes.values()].map(({ id, uidNext }) => [id, uidNext]));
}
