/**
 * How full an account is, and what its owner is to be told of it. Pure.
 *
 * A level is a share of the limit that was reached: 80, 90, 95 percent of octets or messages, whichever is fuller, or 100 when mail was
 * refused. Each is told once. One that was told counts again when the account has come down three points below it, so that mail that
 * comes and goes at the edge is not told of each time.
 */
import type { AccountRow } from './model.ts';
import type { Limits, SharedRoom } from './quota.ts';

export const LEVELS = [80, 90, 95] as const;
/** Mail was refused. */
export const REFUSING = 100;
export type RoomLevel = (typeof LEVELS)[number] | typeof REFUSING;

/** From here on a mailbox is full for IMAP (RFC 9208 §4.3.1, soft quota). */
export const SOFT_LEVEL = 95;

const POINTS_BELOW = 3;
/** Below these a notice would be a good part of the room: nobody is told. */
const LEAST_BYTES = 1024 * 1024;
const LEAST_MESSAGES = 10;

export type Room = Pick<
  AccountRow,
  'usedBytes' | 'usedMessages' | 'roomTold' | 'refusedSinceMs' | 'refusedBytes'
> & {
  readonly limits: Limits;
  /** Of all accounts of its domain together, where that has a limit. */
  readonly shared?: SharedRoom | undefined;
};

type Filled = Pick<Room, 'usedBytes' | 'usedMessages' | 'limits'>;

/** Of octets or messages, whichever is fuller, in percent of the limit; 0 without limits. */
export function fullness({ usedBytes, usedMessages, limits }: Filled): number {
  return Math.max(shareOf(usedBytes, limits.bytes), shareOf(usedMessages, limits.messages));
}

/**
 * Mail was refused that would still be: what is written down of it does not count any more when it would fit, nor in a mailbox that is far
 * from full: that one large message finds no room there is no reason to tell its owner that it is full, nor to send others back.
 */
export function isRefusing(room: Room): boolean {
  const { refusedSinceMs, refusedBytes, shared } = room;
  if (refusedSinceMs === 0 || !canRefuse(room)) return false;
  return !hasRoomFor(room, refusedBytes) || (shared !== undefined && !hasRoomFor(shared, refusedBytes));
}

/** It is not the account that has no room for what was refused, but all of its domain together. */
export function isSharedRoomFull(room: Room): boolean {
  const { shared, refusedBytes } = room;
  return shared !== undefined && hasRoomFor(room, refusedBytes) && !hasRoomFor(shared, refusedBytes);
}

function hasRoomFor({ usedBytes, usedMessages, limits }: Filled, octets: number): boolean {
  const { bytes = Number.POSITIVE_INFINITY, messages = Number.POSITIVE_INFINITY } = limits;
  // A limit that was lowered since: an empty account refuses nothing.
  return usedBytes + Math.min(octets, bytes) <= bytes && usedMessages + Math.min(1, messages) <= messages;
}

/** So full that mail without room is its mailbox's matter, and not that of one large message. */
export function canRefuse(room: Filled & Pick<Room, 'shared'>): boolean {
  const { shared } = room;
  return fullness(room) >= LEVELS[0] || (shared !== undefined && fullness(shared) >= LEVELS[0]);
}

/** What has been reached; 0: nothing. */
export function reachedLevel(room: Room): RoomLevel | 0 {
  if (isRefusing(room)) return REFUSING;
  const percent = fullness(room);
  return LEVELS.findLast((level) => percent >= level) ?? 0;
}

/** Nearly full: for IMAP it has reached its soft quota. Never where there is hardly any room. */
export function isSoftlyFull(room: Room): boolean {
  return isTold(room) && fullness(room) >= SOFT_LEVEL;
}

/** So much that reaching it anew is said anew. */
export function wasEmptied(room: Room): boolean {
  return fullness(room) < SOFT_LEVEL - POINTS_BELOW;
}

/** What the owner is to be told now; undefined: nothing. */
export function owedLevel(room: Room): RoomLevel | undefined {
  if (!isTold(room)) return undefined;
  const reached = reachedLevel(room);
  return reached !== 0 && reached > room.roomTold ? reached : undefined;
}

/** As much of what was told, and of what was refused, as still counts. */
export function settledRoom(room: Room): Pick<Room, 'roomTold' | 'refusedSinceMs' | 'refusedBytes'> {
  const { refusedSinceMs, refusedBytes } = isRefusing(room) ? room : NOT_REFUSED;
  return { roomTold: Math.min(room.roomTold, countingLevel(room)), refusedSinceMs, refusedBytes };
}

/** What `settledRoom` says is otherwise than what is written down. */
export function isUnsettled(room: Room): boolean {
  const { roomTold, refusedSinceMs, refusedBytes } = settledRoom(room);
  return (
    roomTold !== room.roomTold || refusedSinceMs !== room.refusedSinceMs || refusedBytes !== room.refusedBytes
  );
}

function isTold({ limits, shared }: Room): boolean {
  return [limits, shared?.limits ?? {}].every(
    ({ bytes = LEAST_BYTES, messages = LEAST_MESSAGES }) =>
      bytes >= LEAST_BYTES && messages >= LEAST_MESSAGES,
  );
}

const NOT_REFUSED = { refusedSinceMs: 0, refusedBytes: 0 };

function countingLevel(room: Room): number {
  const percent = fullness(room);
  if (isRefusing(room) || percent >= REFUSING - POINTS_BELOW) return REFUSING;
  return LEVELS.findLast((level) => percent >= level - POINTS_BELOW) ?? 0;
}

function shareOf(used: number, limit: number | undefined): number {
  if (limit === undefined) return 0;
  return limit === 0 ? 100 : (100 * used) / limit;
}
