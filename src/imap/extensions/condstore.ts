/**
 * CONDSTORE (RFC 7162 §3.1): every change has a number, and a client asks for what came after the one it knows.
 *
 * What switches it on besides ENABLE is `condstore.ts` of the session.
 */
import { enableCondstore } from '../condstore.ts';
import { defineExtension } from '../extension.ts';
import { CHANGEDSINCE, UNCHANGEDSINCE } from '../fetch/modifiers.ts';
import { MODSEQ_ITEM } from '../fetch/modseq-item.ts';

export const condstore = defineExtension({
  rfc: 'RFC 7162 CONDSTORE',
  capabilities: () => ['CONDSTORE'],
  enables: { CONDSTORE: enableCondstore },
  selectParameters: [
    {
      name: 'CONDSTORE',
      before({ session }) {
        session.modes.condstore = true;
      },
    },
  ],
  fetchItems: [MODSEQ_ITEM],
  fetchModifiers: [CHANGEDSINCE],
  storeModifiers: [UNCHANGEDSINCE],
  statusItems: [
    {
      name: 'HIGHESTMODSEQ',
      impliesCondstore: true,
      write: (out, mailbox) => void out.number(mailbox.modseq),
    },
  ],
});
