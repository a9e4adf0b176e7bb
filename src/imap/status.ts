/**
 * One STATUS response (RFC 9051 §7.3.4): for STATUS itself and for LIST with RETURN (STATUS). Counters kept with every
 * change answer it; no list of messages is loaded, unless an item says that no counter has it.
 */

import type { Place } from '../mailbox/operations/visiting.ts';
import { loadList } from '../mailbox/state/load.ts';
import { enableCondstore } from './condstore.ts';
import type { Call } from './context.ts';
import type { StatusItem } from './item.ts';

export async function writeStatusOf(
  call: Call<'authenticated' | 'selected'>,
  place: Place,
  items: readonly StatusItem[],
): Promise<void> {
  const { session } = call;
  const { account, mailbox } = place;
  if (items.some((item) => item.impliesCondstore === true)) enableCondstore(call);
  if (items.some((item) => item.needsList?.(mailbox) === true)) {
    await loadList(session.domain, account, mailbox);
  }
  const { out } = session;
  out.ascii('* STATUS ').mailbox(place.name).ascii(' (');
  items.forEach((item, index) => {
    if (index > 0) out.sp();
    out.ascii(item.name).sp();
    item.write(out, mailbox, session, place);
  });
  out.close().crlf();
}
