/**
 * The part of a message that goes to the queue. Whoever sends it says how many addresses there are, and how large the header is that is
 * kept with each row, so what is the same is one row: one for all addresses of an account, one for all that lead to the same places
 * elsewhere. Room is asked for all of an account's rows before the first is written, and no more than some are written at once.
 */
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountId } from '../mailbox/model/model.ts';
import { requireRoomForOutgoing } from '../mailbox/operations/outgoing.ts';
import type { NamedRecipient } from './envelope.ts';
import { type ForLater, keepForLater, passOn } from './later.ts';
import type { DeliveryServices } from './services.ts';

/** Rows at once, each with a header of up to 1 MiB. */
const SLICE = 10;

/** Recipients that become one row. */
type Parcel = readonly [NamedRecipient, ...NamedRecipient[]];

/** Why the queue does not have it, for those for whom it does not. Never throws. */
export async function giveToQueue(
  services: DeliveryServices,
  recipients: readonly NamedRecipient[],
  mail: ForLater,
): Promise<ReadonlyMap<NamedRecipient, MailboxError>> {
  const errors = new Map<NamedRecipient, MailboxError>();
  const refuse = (parcel: Parcel, error: unknown): void => {
    const known = asMailboxError(services, error);
    for (const one of parcel) errors.set(one, known);
  };
  const parcels = [...Map.groupBy(recipients, keyOf).values()] as unknown as Parcel[];
  const byAccount = Map.groupBy(parcels, ([{ account }]) => account);
  const hasRoom = new Set<AccountId>();
  for (const [account, its] of byAccount) {
    try {
      const { domain } = services;
      const rows = its.reduce((sum, parcel) => sum + (parcel[0].forwards ?? parcel).length, 0);
      // Each parcel becomes a message of its own.
      const octets = its.length * mail.received.facts.sizeBytes;
      await requireRoomForOutgoing(domain, await domain.accounts.open(account), rows, octets);
      hasRoom.add(account);
    } catch (error) {
      for (const parcel of its) refuse(parcel, error);
    }
  }
  const fitting = parcels.filter(([{ account }]) => hasRoom.has(account));
  for (let at = 0; at < fitting.length; at += SLICE) {
    const slice = fitting.slice(at, at + SLICE);
    await Promise.all(
      slice.map(async (parcel) => {
        const [{ forwards }] = parcel;
        const give = forwards === undefined ? keepForLater : passOn;
        await give(services, parcel, mail).catch((error: unknown) => refuse(parcel, error));
      }),
    );
  }
  return errors;
}

function keyOf({ account, forwards }: NamedRecipient): string {
  return [account, ...(forwards ?? [])].join(' ');
}

/** What the sender is told of it; what is ours is logged. */
export function asMailboxError({ log }: DeliveryServices, error: unknown): MailboxError {
  if (error instanceof MailboxError) return error;
  log.error({ err: error }, 'the queue did not take a message');
  const message = 'the server failed; try again later';
  return new MailboxError('unavailable', message, { cause: error });
}
