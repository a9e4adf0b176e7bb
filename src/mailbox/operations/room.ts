/**
 * Mail that finds no room. Its sender's server is asked to keep it, and the owner is told; when that has lasted for a while without room
 * being made, it goes back (`limits.roomGraceMs`). So it is with a mailbox that is nearly full; a message that is too large for the room of
 * another one waits as well, and nothing is said nor counted of it. The while begins with the first message that is refused, and is forgotten as soon as
 * that message would fit, whatever made the room: deleted mail, or a higher limit.
 */
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import { canRefuse, isRefusing } from '../model/room.ts';
import type { AccountState } from '../state/account.ts';
import { checkQuota, OverQuota } from './quota.ts';

/** Of a message that is delivered; `over-quota`. */
export class NoRoom extends MailboxError {
  /** Trying again is in vain: `too large` for all the room there is, or the owner has had his time. */
  readonly isForGood: boolean;
  /** How long room is waited for; undefined: there can be none for this message. */
  readonly graceMs: number | undefined;
  /** It is the mailbox that is full, and not the message that is large. */
  readonly isFull: boolean;

  constructor(
    message: string,
    { isForGood, graceMs, isFull }: Pick<NoRoom, 'isForGood' | 'graceMs' | 'isFull'>,
  ) {
    super('over-quota', message);
    this.isForGood = isForGood;
    this.graceMs = graceMs;
    this.isFull = isFull;
  }
}

/** `error`: what was said when a message was to be added. Never throws. */
export async function refusedForRoom(
  domain: Pick<Domain, 'turns' | 'keeping' | 'limits' | 'log'>,
  account: AccountState,
  error: MailboxError,
): Promise<MailboxError> {
  if (!(error instanceof OverQuota)) return error;
  const { bytes } = error;
  const refusal = noRoom(domain, account, error);
  const isRemembered = isRefusing(account) && bytes <= account.refusedBytes;
  if (refusal.isFull && !isRemembered) await remember(domain, account, bytes, domain.keeping.clock.nowMs());
  return refusal;
}

/** Before the message comes: undefined when there is room, or it would be waited with. Nobody is told, and nothing is written. */
export function refusalForGood(
  domain: Pick<Domain, 'keeping' | 'limits'>,
  account: AccountState,
  bytes: number,
): NoRoom | undefined {
  try {
    checkQuota(account, bytes, 1);
    return undefined;
  } catch (error) {
    if (!(error instanceof OverQuota)) throw error;
    const refusal = noRoom(domain, account, error);
    return refusal.isForGood ? refusal : undefined;
  }
}

function noRoom(
  { keeping, limits }: Pick<Domain, 'keeping' | 'limits'>,
  account: AccountState,
  { message, bytes }: OverQuota,
): NoRoom {
  const isTooLarge = [account.limits, account.shared?.limits].some(
    (limits) => bytes > (limits?.bytes || bytes),
  );
  if (isTooLarge) return new NoRoom(message, { isForGood: true, graceMs: undefined, isFull: false });
  const { roomGraceMs: graceMs } = limits;
  if (!canRefuse(account)) return new NoRoom(message, { isForGood: graceMs === 0, graceMs, isFull: false });
  const nowMs = keeping.clock.nowMs();
  const sinceMs = isRefusing(account) ? account.refusedSinceMs : nowMs;
  return new NoRoom(message, { isForGood: nowMs - sinceMs >= graceMs, graceMs, isFull: true });
}

async function remember(
  { turns, log }: Pick<Domain, 'turns' | 'log'>,
  account: AccountState,
  bytes: number,
  nowMs: number,
): Promise<void> {
  try {
    await turns.run({
      account,
      run: (change) => {
        if (!isRefusing(account)) change.room.renew();
        change.room.refused(bytes, nowMs);
      },
    });
  } catch (err) {
    // The next message says it again.
    log.warn(
      { err, account: account.id },
      'that mail was refused for want of room could not be written down',
    );
  }
}
