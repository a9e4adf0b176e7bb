/**
 * `outgoing.flags`: what a message needs on its way, as one number. Four bits for what it asks of servers; from the ninth on its priority,
 * by when it is to be delivered (after how many seconds, above 2^16), and what is to become of it then. Numbers that an older version has
 * written say none of the latter.
 */
import type { DeliverBy, OutgoingEnvelope, OutgoingRow } from '../../mailbox/model/outgoing.ts';

const FLAG = { utf8: 1, eightBit: 2, requiresTls: 4, tlsOptional: 8 } as const;
/** Five bits: the priority and so much, 0 for none. */
const PRIORITY_FROM = 2 ** 8;
const PRIORITY_ZERO = 16;
const RETURNED = 2 ** 13;
const NOTIFIED = 2 ** 14;
const TRACED = 2 ** 15;
const SECONDS_FROM = 2 ** 16;

type Flags = Pick<
  OutgoingEnvelope,
  'isUtf8' | 'isEightBit' | 'requiresTls' | 'isTlsOptional' | 'priority' | 'deliverBy'
>;

export function packedFlags(row: Flags & Pick<OutgoingRow, 'createdMs'>): number {
  const { priority = 0, deliverBy } = row;
  return (
    (row.isUtf8 ? FLAG.utf8 : 0) +
    (row.isEightBit ? FLAG.eightBit : 0) +
    (row.requiresTls ? FLAG.requiresTls : 0) +
    (row.isTlsOptional ? FLAG.tlsOptional : 0) +
    (priority === 0 ? 0 : (priority + PRIORITY_ZERO) * PRIORITY_FROM) +
    (deliverBy === undefined ? 0 : packedDeadline(deliverBy, row.createdMs))
  );
}

function packedDeadline({ atMs, mode, isTraced }: DeliverBy, createdMs: number): number {
  const seconds = Math.max(0, Math.round((atMs - createdMs) / 1000));
  return seconds * SECONDS_FROM + (mode === 'return' ? RETURNED : NOTIFIED) + (isTraced ? TRACED : 0);
}

export function readFlags(flags: number, createdMs: number): Flags {
  const has = (bit: number): boolean => Math.floor(flags / bit) % 2 === 1;
  const mode = has(RETURNED) ? 'return' : has(NOTIFIED) ? 'notify' : undefined;
  const atMs = createdMs + Math.floor(flags / SECONDS_FROM) * 1000;
  const priority = priorityIn(flags);
  return {
    isUtf8: has(FLAG.utf8),
    isEightBit: has(FLAG.eightBit),
    requiresTls: has(FLAG.requiresTls),
    isTlsOptional: has(FLAG.tlsOptional),
    ...(priority === 0 ? {} : { priority }),
    ...(mode === undefined ? {} : { deliverBy: { atMs, mode, isTraced: has(TRACED) } }),
  };
}

export function priorityIn(flags: number): number {
  const packed = Math.floor(flags / PRIORITY_FROM) % 32;
  return packed === 0 ? 0 : packed - PRIORITY_ZERO;
}
