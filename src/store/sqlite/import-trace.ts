/** `ImportTrace` as the column of `imported` has it: UID and marks, four octets each, big-endian; empty when there is none. */
import { EMPTY } from '../../base/bytes.ts';
import type { Uid } from '../../mailbox/model/model.ts';
import type { ImportTrace } from '../../mailbox/port/store.ts';

export function packTrace(trace: ImportTrace | undefined): Buffer {
  if (trace === undefined) return EMPTY;
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(trace.uid, 0);
  bytes.writeUInt32BE(trace.marks, 4);
  return bytes;
}

/** Throws when it is none. */
export function unpackTrace(bytes: Buffer): ImportTrace {
  return { uid: bytes.readUInt32BE(0) as Uid, marks: bytes.readUInt32BE(4) };
}
