/**
 * Usage/report, our own: what fills the account, as its quota counts it, and what of it could go. All mail is looked through for it, so it is
 * counted once for all who ask at a time, and not anew until ten times as long has passed as it took; what the answer says of mailboxes
 * and of the whole is of now.
 */
import { LruMap } from '../../base/lru.ts';
import type { Domain } from '../../mailbox/domain.ts';
import { emailObjectId, mailboxObjectId } from '../../mailbox/model/object-ids.ts';
import { quotaOf } from '../../mailbox/operations/quota.ts';
import { isKept } from '../../mailbox/reading/moment.ts';
import { type NamedUsage, type Usage, type UsageSum, usageOf } from '../../mailbox/reading/usage.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { id, readArguments } from '../core/arguments.ts';
import type { JsonObject } from '../core/json.ts';
import type { Method } from '../core/method.ts';
import { utcDateOf } from '../core/utc-date.ts';
import { roleOf } from '../mailboxes/properties.ts';
import { OWN } from './capability.ts';

const ACCOUNTS = 1000;
/** Of what it took, it rests. */
const REST = 10;
const MONTH_MS = 30 * 86_400_000;
/** What is further away is no forecast. */
const MOST_MONTHS = 60;

export function usageReport(): Method {
  const counts = new LruMap<number, Counted>(ACCOUNTS);
  return {
    name: 'Usage/report',
    capability: OWN,
    async run(raw, call) {
      const { accountId } = readArguments(raw, { accountId: id });
      const account = await call.account(accountId);
      for (;;) {
        const { usage, atMs } = await counted(call.domain, account, counts);
        const report = reportOf(account, await usage, atMs);
        if (await isKept(account.unsettled)) return { accountId, ...report };
      }
    },
  };
}

interface Counted {
  readonly usage: Promise<Usage>;
  readonly modseq: number;
  readonly atMs: number;
  /** Undefined while it is counted. */
  tookMs: number | undefined;
}

async function counted(
  domain: Domain,
  account: AccountState,
  counts: LruMap<number, Counted>,
): Promise<Counted> {
  const nowMs = domain.clock.nowMs();
  const known = counts.get(Number(account.id));
  if (known !== undefined) {
    const { modseq, atMs, tookMs } = known;
    if (tookMs === undefined || modseq === account.modseq || nowMs - atMs < tookMs * (REST + 1)) return known;
  }
  const beganMs = performance.now();
  const usage = usageOf(domain, account);
  const counting: Counted = { usage, modseq: account.modseq, atMs: nowMs, tookMs: undefined };
  counts.set(Number(account.id), counting);
  try {
    await usage;
    counting.tookMs = performance.now() - beganMs;
  } catch (error) {
    counts.delete(Number(account.id));
    throw error;
  }
  return counting;
}

function reportOf(account: AccountState, usage: Usage, atMs: number): JsonObject {
  const { used, limits } = quotaOf(account);
  const mailboxes = [...account.mailboxes.values()].sort((a, b) => b.bytes - a.bytes);
  return {
    countedAt: utcDateOf(atMs),
    total: sum(used),
    limit: limits.bytes ?? null,
    mailboxes: mailboxes.map((mailbox) => ({
      ...{ id: mailboxObjectId(mailbox.id), name: mailbox.name, role: roleOf(mailbox) ?? null },
      ...sum({ bytes: mailbox.bytes, messages: mailbox.exists }),
    })),
    senders: usage.senders.map(({ name, ...rest }) => ({ email: name, ...sum(rest) })),
    ages: usage.ages.map(({ days, ...rest }) => ({ youngerThanDays: days ?? null, ...sum(rest) })),
    kinds: usage.kinds.map((one) => ({ kind: KINDS[one.name] ?? 'other', ...sum(one) })),
    largest: usage.largest.map(({ email, mailboxId, bytes, internalDate, from, subject }) => ({
      ...{ emailId: emailObjectId(email), mailboxId: mailboxObjectId(mailboxId), size: bytes },
      ...{ receivedAt: utcDateOf(internalDate * 1000), from, subject },
    })),
    recoverable: sum(usage.recoverable),
    forecast: {
      monthlyBytes: usage.monthlyBytes,
      fullAt: fullAt(usage.monthlyBytes, used.bytes, limits.bytes, atMs),
    },
  };
}

const KINDS: Readonly<Record<NamedUsage['name'], string>> = {
  ...{ pictures: 'pictures', video: 'video', audio: 'audio', messages: 'messages' },
  ...{ documents: 'documents', archives: 'archives' },
};

function sum({ bytes, messages }: UsageSum): JsonObject {
  return { size: bytes, emails: messages };
}

/** Null where there is no limit, nothing comes, or it takes years. */
function fullAt(monthlyBytes: number, used: number, limit: number | undefined, nowMs: number): string | null {
  if (limit === undefined || monthlyBytes === 0) return null;
  const months = Math.max(0, limit - used) / monthlyBytes;
  return months > MOST_MONTHS ? null : utcDateOf(Math.floor((nowMs + months * MONTH_MS) / 1000) * 1000);
}
