/**
 * Tells the owner of an account that it gets full, by mail in its INBOX: at 80, 90 and 95 percent, and when mail had to be refused
 * (`model/room.ts`). No quota refuses a notice. That it was told is written down in the change that puts the mail there, by the process
 * that holds the account, so it is told once whatever is killed when; a notice that is still owed is found when the account is next in
 * memory.
 */

import type { Domain } from '../domain.ts';
import { domainOf } from '../model/domains.ts';
import { MailboxError } from '../model/errors.ts';
import type { AccountId, AccountRecord } from '../model/model.ts';
import type { Limits, SharedRoom } from '../model/quota.ts';
import {
  isSharedRoomFull,
  isUnsettled,
  owedLevel,
  REFUSING,
  type RoomLevel,
  reachedLevel,
} from '../model/room.ts';
import { appendMessages } from '../operations/append.ts';
import { receive } from '../operations/incoming.ts';
import { mailboxOf } from '../operations/mailboxes.ts';
import type { AccountState } from '../state/account.ts';
import { loadTail } from '../state/load.ts';

export interface RoomNotice {
  readonly level: RoomLevel;
  readonly usedBytes: number;
  readonly usedMessages: number;
  readonly limits: Limits;
  /** The account has room, but all of its domain together have none. */
  readonly shared?: SharedRoom;
  /** Until when mail is kept that finds no room; undefined: none was refused. */
  readonly keptUntilMs: number | undefined;
}

/** A whole message. */
export type WriteNotice = (record: AccountRecord, notice: RoomNotice) => Buffer;

/** It was told meanwhile, or need not be. */
class NotOwed extends MailboxError {
  constructor() {
    super('conflict', 'the notice is not owed any more');
  }
}

const MOST_TIMES = 5;

/**
 * Everything that is owed now; without `write` nobody is told, and only what is written down of refusals is brought up to date, for mail
 * waits for that. Throws MailboxError.
 */
export async function tellRoom(
  domain: Domain,
  id: AccountId,
  write: WriteNotice | undefined,
): Promise<number> {
  let told = 0;
  for (let times = 0; times < MOST_TIMES; times++) {
    const account = await domain.accounts.open(id);
    const level = write && owedLevel(account);
    if (write === undefined || level === undefined) {
      if (isUnsettled(account)) await domain.turns.run({ account, run: (change) => change.room.renew() });
      return told;
    }
    try {
      await tell(domain, account, level, write);
      told++;
    } catch (error) {
      if (!(error instanceof NotOwed)) throw error;
    }
  }
  return told;
}

async function tell(
  domain: Domain,
  account: AccountState,
  level: RoomLevel,
  write: WriteNotice,
): Promise<void> {
  const { usedBytes, usedMessages, limits, refusedSinceMs, shared } = account;
  const keptUntilMs = level === REFUSING ? refusedSinceMs + domain.limits.roomGraceMs : undefined;
  const octets = write(account.record, {
    ...{ level, usedBytes, usedMessages, limits, keptUntilMs },
    ...(shared !== undefined && level === REFUSING && isSharedRoomFull(account) && { shared }),
  });
  const received = await receive(domain.store, [account.id], octets.length, octets);
  const inbox = mailboxOf(account, 'INBOX');
  await loadTail(domain, account, inbox);
  const message = { ...received, flags: 0, keywords: [], internalDate: undefined };
  await appendMessages(domain, account, inbox, [message], {
    isBeyondQuota: true,
    before: () => {
      if (owedLevel(account) !== level) throw new NotOwed();
    },
    // What the notice itself takes is no reason for another one.
    alongside: (change) => change.room.told(Math.max(level, reachedLevel(account))),
  });
}

/** From now on, until it is stopped. */
export function startRoomNotices(domain: Domain, write: WriteNotice | undefined): { stop(): Promise<void> } {
  const { accounts, turns, log } = domain;
  const due = new Set<AccountId>();
  let isStopped = false;
  let running: Promise<void> | undefined;
  const work = async (): Promise<void> => {
    for (const id of due) {
      if (isStopped) return;
      due.delete(id);
      try {
        await tellRoom(domain, id, write);
      } catch (err) {
        // The next change of the account asks again.
        log.warn({ err, account: id }, 'that an account gets full could not be told yet');
      }
    }
  };
  const look = (account: AccountState): void => {
    const isOwed = write !== undefined && owedLevel(account) !== undefined;
    if (isStopped || !(isOwed || isUnsettled(account))) return;
    due.add(account.id);
    running ??= Promise.resolve()
      .then(work)
      .finally(() => {
        running = undefined;
      });
  };
  const lookAtOthers = ({ shared }: AccountState): void => {
    for (const other of accounts.all())
      if (other.refusedSinceMs > 0 && domainOf(other.record.address) === shared?.domain) look(other);
  };
  accounts.onLoaded.add(look);
  accounts.onLimits.add(look);
  turns.onRoom.add(look);
  turns.onShared.add(lookAtOthers);
  for (const account of accounts.all()) look(account);
  return {
    stop: async () => {
      isStopped = true;
      accounts.onLoaded.delete(look);
      accounts.onLimits.delete(look);
      turns.onRoom.delete(look);
      turns.onShared.delete(lookAtOthers);
      await running;
    },
  };
}
