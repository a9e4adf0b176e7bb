/**
 * A telephone that wants to be told of new mail by its maker's push service: what it has said of itself, for which mailboxes of this
 * account, and who it is of. Kept with the account whose mailboxes they are, so that whoever gets the mail knows whom to tell.
 */
import type { BelongingRow } from './belongings.ts';
import type { AccountId, MailboxId } from './model.ts';

export interface DeviceWish {
  readonly mailbox: MailboxId;
  /** MD5 of the name as the telephone has it, in hexadecimal: it knows its mailboxes by that. */
  readonly digest: string;
}

export interface DeviceValue {
  /** Whose telephone it is: the account itself, or somebody with whom the mailboxes are shared. */
  readonly reader: AccountId;
  /** The number of what was signed in with; it ends with that. Undefined for a token of an issuer. */
  readonly credential?: number | undefined;
  /** By which the telephone knows the account. */
  readonly accountKey: string;
  /** By which the push service knows the telephone: a secret. */
  readonly token: string;
  readonly subtopic: string;
  readonly wishes: readonly DeviceWish[];
  readonly expiresMs: number;
}

export interface Device {
  readonly id: number;
  readonly value: DeviceValue;
}

export const DEVICE_LIMITS = Object.freeze({
  /** Of one person, for mailboxes of his own … */
  own: 20,
  /** … and for those of one other account. */
  ofReader: 5,
  /** Of all others, in one account. */
  ofOthers: 200,
  /** Of one telephone, in one account. */
  wishes: 50,
  /** Telephones register each time they sign in. */
  ageMs: 30 * 86_400_000,
});

export function writeDevice(value: DeviceValue): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Ascending by number. */
export function devicesIn(belongings: ReadonlyMap<number, BelongingRow> | undefined): readonly Device[] {
  return [...(belongings?.values() ?? [])].flatMap(({ id, kind, value }) =>
    kind !== 'device' || value === undefined
      ? []
      : { id, value: JSON.parse(value.toString()) as DeviceValue },
  );
}

/** Nobody is told that one went: its trace serves nobody. */
export function deviceTraces(belongings: ReadonlyMap<number, BelongingRow> | undefined): readonly number[] {
  return [...(belongings?.values() ?? [])].flatMap(({ id, kind, value }) =>
    kind === 'device' && value === undefined ? [id] : [],
  );
}

/** One telephone has one registration for each account that it knows. */
export function isSameDevice(one: DeviceValue, other: DeviceValue): boolean {
  return (
    one.reader === other.reader &&
    one.token === other.token &&
    one.accountKey === other.accountKey &&
    one.subtopic === other.subtopic
  );
}
