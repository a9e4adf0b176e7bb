/**
 * What domains tell each other about mail, put together (`feedback/`): what is counted here for others and sent to them when somebody has turned
 * it on, and what others report of domains here. The database is opened when it is first needed.
 */
import { join } from 'node:path';
import { domainToASCII } from 'node:url';
import type { FeedbackAdmin } from '../admin/admin.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/options.ts';
import type { Dns } from '../dns/answer.ts';
import { Daily } from '../feedback/daily.ts';
import { Ledger } from '../feedback/ledger.ts';
import type { Counter } from '../feedback/observation.ts';
import { overviewOf } from '../feedback/overview.ts';
import { postReport } from '../feedback/post.ts';
import { ReceivedReports } from '../feedback/received.ts';
import { Tally } from '../feedback/tally.ts';
import { canonicalDomain } from '../identity/address.ts';
import type { DomainOperations } from '../identity/domain-admin.ts';
import type { Recipients } from '../identity/recipients.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { AccountId } from '../mailbox/model/model.ts';
import { NOTIFY } from '../mailbox/model/outgoing.ts';
import { receive } from '../mailbox/operations/incoming.ts';
import { acceptUnshown } from '../mailbox/operations/outgoing.ts';

export const FEEDBACK_FILE = 'feedback.db';
const DAY_MS = 86_400_000;
/** Of one domain, newest first. */
const MOST_REPORTS = 1000;
/** A report that nobody takes for so long is of no use to anybody. */
const GIVE_UP_MS = 2 * DAY_MS;

export interface FeedbackOptions {
  readonly config: Config;
  readonly log: Log;
  readonly system: {
    readonly domain: Domain;
    readonly recipients: Recipients;
    readonly ledger: () => Ledger;
  };
  readonly dns: Dns;
}

export interface Feedback {
  /** Undefined: nothing is counted for others. */
  readonly counter: Counter | undefined;
  readonly reports: ReceivedReports;
  /** Gives the way to end it. */
  start(): () => Promise<void>;
}

/** Opened once, at its first use. Throws what SQLite does. */
export function ledgerOf(config: Pick<Config, 'data'>): { open: () => Ledger; close: () => void } {
  let ledger: Ledger | undefined;
  return {
    open: () => {
      ledger ??= new Ledger(join(config.data, FEEDBACK_FILE));
      return ledger;
    },
    close: () => ledger?.close(),
  };
}

export function feedbackOf(options: FeedbackOptions): Feedback {
  const { config, log, system } = options;
  const { domain, ledger } = system;
  const isLocal = (name: string): Promise<boolean> =>
    domain.store.directory.domains.isLocal(canonicalDomain(name));
  const reports = new ReceivedReports({ log, isLocal, ledger: { keep: (one) => ledger().keep(one) } });
  if (!config.reports.send) return { counter: undefined, reports, start: () => async () => {} };
  const nowMs = (): number => domain.clock.nowMs();
  const tally = new Tally({ ledger: { add: (counts) => ledger().add(counts) }, log, nowMs });
  const daily = dailyOf(options, nowMs);
  return {
    counter: tally,
    reports,
    start() {
      daily.start();
      return async () => {
        await daily.stop();
        tally.flush();
      };
    },
  };
}

function dailyOf({ config, log, system, dns }: FeedbackOptions, nowMs: () => number): Daily {
  const { domain, recipients, ledger } = system;
  const { defaultDomain } = config.auth;
  const owner = async (): Promise<AccountId | undefined> =>
    (await recipients.caretakerOf(defaultDomain))?.account;
  const post = (url: string, packed: Buffer): Promise<boolean> =>
    postReport(url, packed, { allowsPrivate: config.queue.allowPrivate });
  return new Daily({
    ...{ log, dns, nowMs, post, organization: config.hostname },
    ledger: {
      days: (kind, day) => ledger().days(kind, day),
      due: (...asked) => ledger().due(...asked),
      counted: (...asked) => ledger().counted(...asked),
      done: (...asked) => ledger().done(...asked),
      forget: (today) => ledger().forget(today),
    },
    from: config.reports.from === '' ? `postmaster@${defaultDomain}` : config.reports.from,
    isOurs: async () => {
      const account = await owner();
      return account !== undefined && domain.placement.locate(account).kind === 'here';
    },
    send: async (to, message) => {
      const account = await owner();
      if (account === undefined) throw new Error('there is no account whose mail it could be');
      await sendFrom({ domain, recipients }, account, { to, message });
    },
  });
}

/** From nobody, so that nothing comes back; and through whatever TLS there is (RFC 8460 §5.3). */
async function sendFrom(
  { domain, recipients }: Pick<FeedbackOptions['system'], 'domain' | 'recipients'>,
  owner: AccountId,
  { to, message }: { readonly to: string; readonly message: Buffer },
): Promise<void> {
  const account = await domain.accounts.open(owner);
  const received = await receive(domain.store, [account.id], message.length, message);
  const envelope = {
    ...({ kind: 'report', sender: '', isUtf8: false, isEightBit: false } as const),
    ...{ requiresTls: false, isTlsOptional: true, expiresMs: domain.clock.nowMs() + GIVE_UP_MS },
  };
  const route = await recipients.routeOf(to);
  await acceptUnshown(domain, account, received, {
    envelope,
    recipients: [{ address: to, route, notify: NOTIFY.Never }],
  });
}

export function feedbackAdmin(
  domains: Pick<DomainOperations, 'findDomain'>,
  ledger: () => Ledger,
  nowMs: () => number,
): FeedbackAdmin {
  return {
    async overviewOf(raw, days) {
      const { name } = await domains.findDomain(raw);
      const sinceMs = nowMs() - days * DAY_MS;
      return overviewOf(name, sinceMs, ledger().received(domainToASCII(name), sinceMs, MOST_REPORTS));
    },
  };
}
