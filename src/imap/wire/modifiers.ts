/**
 * Parameters and modifiers in parentheses, RFC 4466 §2.1 - §2.5, as the values of RFC 7162: CONDSTORE and QRESYNC of
 * SELECT, CHANGEDSINCE of FETCH, UNCHANGEDSINCE of STORE. Each function reads what follows the name, from the space on,
 * and is the `parse` of a row in the table of the command.
 */
import type { Cursor } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { modSequenceValue, nzNumber, sp } from './grammar.ts';
import { definiteSet, type SeqSet, type UidSet } from './numset.ts';

const SP = 0x20;
const OPEN = 0x28;
const CLOSE = 0x29;

/** RFC 7162 §3.2.5: what the client remembers of the mailbox. */
export interface QresyncParams {
  readonly uidValidity: number;
  readonly modSeq: number;
  readonly knownUids?: UidSet;
  /** The n-th sequence number went with the n-th UID, both ascending. */
  readonly seqMatch?: { readonly seqs: SeqSet; readonly uids: UidSet };
}

/** `SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"`. */
export function qresyncParams(c: Cursor): QresyncParams {
  sp(c);
  c.expectByte(OPEN, '(');
  const uidValidity = nzNumber(c);
  sp(c);
  const modSeq = modSequenceValue(c);
  let knownUids: UidSet | undefined;
  let seqMatch: QresyncParams['seqMatch'];
  if (c.peek() === SP && c.peekAt(1) !== OPEN) {
    sp(c);
    knownUids = definiteSet(c, 'uid');
  }
  if (c.maybeByte(SP)) seqMatch = seqMatchData(c);
  c.expectByte(CLOSE, ')');
  return {
    uidValidity,
    modSeq,
    ...(knownUids === undefined ? {} : { knownUids }),
    ...(seqMatch === undefined ? {} : { seqMatch }),
  };
}

function seqMatchData(c: Cursor): { readonly seqs: SeqSet; readonly uids: UidSet } {
  c.expectByte(OPEN, '(');
  const seqs = definiteSet(c, 'seq');
  sp(c);
  const uids = definiteSet(c, 'uid');
  c.expectByte(CLOSE, ')');
  // RFC 7162 §3.2.5.2: the two sets have the same number of members.
  if (seqs.size !== uids.size) throw new SyntaxFault('Sequence numbers and UIDs do not match in number');
  return { seqs, uids };
}

/** CHANGEDSINCE and UNCHANGEDSINCE: `SP mod-sequence-value`. */
export function spModSequence(c: Cursor): number {
  sp(c);
  return modSequenceValue(c);
}
