/**
 * SPECIAL-USE (RFC 6154): which mailbox is Sent, Trash and so on. The attributes stand in every LIST response
 * (`listing.ts`); here are the options that ask for them and CREATE's parameter.
 */
import { MailboxError } from '../../mailbox/model/errors.ts';
import type { Role } from '../../mailbox/model/model.ts';
import { defineExtension } from '../extension.ts';
import { createParameter } from '../item.ts';
import { ROLE_ATTRIBUTES } from '../listing.ts';
import { specialUse as specialUseList } from '../wire/account-args.ts';

/** Those whose mailbox holds mail of its own; \All and \Flagged would be views of other mailboxes (RFC 6154 §2). */
const CREATABLE: ReadonlyMap<string, Role> = new Map(
  (['archive', 'drafts', 'important', 'junk', 'sent', 'trash'] as const).map((role) => [
    ROLE_ATTRIBUTES[role].toUpperCase(),
    role,
  ]),
);

const useParameter = createParameter<readonly string[]>({
  name: 'USE',
  parse: specialUseList,
  wishes(attributes) {
    return attributes.length === 0 ? {} : { role: creatableRole(attributes) };
  },
});

/** Of one attribute at least. Throws MailboxError `cannot`. */
export function creatableRole(attributes: readonly string[]): Role {
  const [attribute = '', ...others] = new Set(attributes.map((one) => one.toUpperCase()));
  if (others.length > 0) throw new MailboxError('cannot', 'a mailbox has one special use at most');
  const role = CREATABLE.get(attribute);
  if (role === undefined) throw new MailboxError('cannot', 'this special use is not offered');
  return role;
}

export const specialUse = defineExtension({
  rfc: 'RFC 6154 SPECIAL-USE and CREATE-SPECIAL-USE',
  capabilities: () => ['SPECIAL-USE', 'CREATE-SPECIAL-USE'],
  createParameters: [useParameter],
  listSelections: [
    {
      name: 'SPECIAL-USE',
      role: 'independent',
      selects: (listed) => listed.place?.isOwn === true && listed.mailbox?.role !== undefined,
    },
  ],
  listReturns: [{ name: 'SPECIAL-USE' }],
});
