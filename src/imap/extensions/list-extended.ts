import { defineExtension } from '../extension.ts';

/**
 * LIST-EXTENDED (RFC 5258): `commands/list.ts`. REMOTE asks for mailboxes on other servers too; there are none. The
 * option CHILDREN belongs to `children.ts`.
 */
export const listExtended = defineExtension({
  rfc: 'RFC 5258 LIST-EXTENDED',
  capabilities: () => ['LIST-EXTENDED'],
  listSelections: [
    {
      name: 'SUBSCRIBED',
      role: 'base',
      selects: (listed) => listed.isSubscribed,
      implies: ['SUBSCRIBED'],
    },
    { name: 'REMOTE', role: 'independent' },
    { name: 'RECURSIVEMATCH', role: 'modifier' },
  ],
  listReturns: [
    { name: 'SUBSCRIBED', attributes: (listed) => (listed.isSubscribed ? ['\\Subscribed'] : []) },
  ],
});
