/**
 * MODSEQ as a FETCH item (RFC 7162 §3.1.4.2).
 */
import { type FetchItem, fetchItem } from '../item.ts';

export const MODSEQ_ITEM: FetchItem = fetchItem({
  name: 'MODSEQ',
  impliesCondstore: true,
  write(out, { record }) {
    out.ascii('MODSEQ (').number(record.modseq).ascii(')');
    return undefined;
  },
});
