/**
 * Brings mail back that was put off, when its time comes, whether or not anybody is signed in. At its start it looks through what belongs to each
 * account that is held here, a page at a time; from then on it is told (`state/alarms.ts`). Of one account a hundred come at once,
 * then others have their turn.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Domain } from '../domain.ts';
import type { BelongingRow } from '../model/belongings.ts';
import { MailboxError } from '../model/errors.ts';
import type { AccountId } from '../model/model.ts';
import { StateMoved } from '../operations/change-emails.ts';
import { loadForSnoozes, snoozesIn, WOKEN_AT_ONCE, wakeSnoozes } from '../operations/snooze.ts';

const ROWS_PER_PAGE = 200;
/** Between accounts, for everybody else. */
const ACCOUNTS_PER_REST = 20;
const REST_MS = 5;
/** Whatever was heard: clocks are set. */
const LOOK_AGAIN_MS = 30_000;
/** After a refusal of the store. */
const TRY_AGAIN_MS = 60_000;

export interface Waking {
  /** When every account was looked at, or the list of them could not be read. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

/** Everything of an account that is due; sets the alarm for the next. */
export async function wakeAccount(
  domain: Domain,
  id: AccountId,
  isStopped: () => boolean = () => false,
): Promise<number> {
  const account = await domain.accounts.open(id);
  const stuck = new Set<number>();
  let woken = 0;
  for (; !isStopped(); await pause(REST_MS)) {
    await loadForSnoozes(domain, account);
    const nowMs = domain.clock.nowMs();
    const all = snoozesIn(account.belongings?.values() ?? []);
    const due = all
      .filter(({ untilMs, row }) => untilMs <= nowMs && !stuck.has(row.id))
      .sort((a, b) => a.untilMs - b.untilMs);
    if (due.length === 0) {
      const times = all.map(({ untilMs }) => (untilMs > nowMs ? untilMs : nowMs + TRY_AGAIN_MS));
      setEarliest(domain, id, times);
      break;
    }
    const some = due.slice(0, WOKEN_AT_ONCE);
    try {
      const refused = await wakeSnoozes(domain, account, some);
      for (const { row } of refused) stuck.add(row.id);
      woken += some.length - refused.length;
    } catch (error) {
      if (!(error instanceof StateMoved)) throw error;
    }
  }
  return woken;
}

/** What belongs to an account, as the first look reads it: whoever has something to do at a start need not read it once more. */
export type SeeBelongings = (account: AccountId, rows: readonly BelongingRow[]) => void;

export function startWaking(
  domain: Domain,
  tryAgainMs = TRY_AGAIN_MS,
  see: SeeBelongings = () => {},
): Waking {
  const { alarms, clock, log } = domain;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let lookTimer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  const failed = (err: unknown, id: AccountId): void => {
    log.warn({ err, account: id }, 'mail that was put off could not come back yet; will try again');
    alarms.set(id, clock.nowMs() + tryAgainMs);
  };
  const wake = async (): Promise<void> => {
    for (const id of alarms.takeDue(clock.nowMs())) {
      if (isStopped) return;
      try {
        await wakeAccount(domain, id, () => isStopped);
      } catch (error) {
        if (!(await isRemoved(domain, id, error))) failed(error, id);
      }
    }
  };
  const plan = (): void => {
    clearTimeout(timer);
    if (isStopped || running !== undefined) return;
    const { earliestMs } = alarms;
    if (earliestMs === undefined) return;
    const waitMs = Math.max(0, Math.min(earliestMs - clock.nowMs(), LOOK_AGAIN_MS));
    timer = setTimeout(() => {
      running = wake().finally(() => {
        running = undefined;
        plan();
      });
    }, waitMs);
  };
  const look = async (): Promise<void> => {
    try {
      await lookThrough(domain, () => isStopped, failed, see);
    } catch (err) {
      log.warn({ err }, 'could not look for mail that was put off; will try again');
      if (isStopped) return;
      lookTimer = setTimeout(() => {
        looking = look();
      }, tryAgainMs);
    }
  };
  alarms.listen(plan);
  let looking = look();
  return {
    ready: looking,
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      clearTimeout(lookTimer);
      await Promise.all([looking, running]);
    },
  };
}

/** The account is gone meanwhile, not only a mailbox of it. */
async function isRemoved({ store }: Domain, id: AccountId, error: unknown): Promise<boolean> {
  if (!(error instanceof MailboxError) || error.code !== 'nonexistent') return false;
  try {
    return (await store.directory.get(id)) === undefined;
  } catch {
    return false;
  }
}

/** Nobody's mail is brought into memory for it. An account that cannot be read now keeps no other from its turn. */
async function lookThrough(
  domain: Domain,
  isStopped: () => boolean,
  failed: (error: unknown, id: AccountId) => void,
  see: SeeBelongings,
): Promise<void> {
  const { store } = domain;
  const records = await store.directory.list();
  for (const [at, { id }] of records.entries()) {
    if (isStopped()) return;
    if (!store.owns(id)) continue;
    try {
      await lookAt(domain, id, isStopped, see);
    } catch (error) {
      failed(error, id);
    }
    if (at % ACCOUNTS_PER_REST === 0) await pause(REST_MS);
  }
}

/** One alarm, however many there are. */
function setEarliest({ alarms }: Domain, id: AccountId, times: readonly number[]): void {
  const earliest = times.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  if (Number.isFinite(earliest)) alarms.set(id, earliest);
}

async function lookAt(
  domain: Domain,
  id: AccountId,
  isStopped: () => boolean,
  see: SeeBelongings,
): Promise<void> {
  for (let after = 0; ; ) {
    const rows = await domain.store.loadBelongings(id, after, ROWS_PER_PAGE);
    see(id, rows);
    setEarliest(
      domain,
      id,
      snoozesIn(rows).map(({ untilMs }) => untilMs),
    );
    after = rows.at(-1)?.id ?? 0;
    if (rows.length < ROWS_PER_PAGE || isStopped()) return;
  }
}
