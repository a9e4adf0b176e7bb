import { defineExtension } from '../extension.ts';

/** `\HasChildren` and `\HasNoChildren` stand in every LIST response: `listing.ts`. */
export const children = defineExtension({
  rfc: 'RFC 3348 CHILDREN',
  capabilities: () => ['CHILDREN'],
  listReturns: [{ name: 'CHILDREN' }],
});
