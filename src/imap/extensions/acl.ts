/**
 * ACL (RFC 4314) and LIST-MYRIGHTS (RFC 8440): who may do what in a mailbox, given and taken by its owner and by whoever he lets (`a`).
 * The owner has all rights and keeps them. No rights are tied together; `c` is `k` and `x`, `d` is `t` and `e` (§2.1.1).
 */

import {
  RIGHTS,
  type Rights,
  type RightsChange,
  readRights,
  toldRights,
} from '../../mailbox/model/rights.ts';
import { accountIdentity } from '../../mailbox/model/shares.ts';
import { changeShares, sharesOf } from '../../mailbox/operations/shares.ts';
import { nobodyThere, type Place } from '../../mailbox/operations/visiting.ts';
import { defineCommand, SIGNED_IN } from '../command.ts';
import type { SessionContext } from '../context.ts';
import { defineExtension } from '../extension.ts';
import { listReturn } from '../item.ts';
import { ok } from '../replies.ts';
import { spIdentifier, spModRights } from '../wire/acl-args.ts';
import type { Cursor } from '../wire/cursor.ts';
import { SyntaxFault } from '../wire/fault.ts';
import { end } from '../wire/grammar.ts';
import { spSuppliedMailbox } from '../wire/mailbox.ts';

function nameAndIdentifier(c: Cursor): { readonly name: string; readonly identifier: string } {
  const { name } = spSuppliedMailbox(c);
  const identifier = spIdentifier(c);
  end(c);
  return { name, identifier };
}

const setAcl = defineCommand({
  name: 'SETACL',
  states: SIGNED_IN,
  needsNoMessages: true,
  parse(c) {
    const { name } = spSuppliedMailbox(c);
    const identifier = spIdentifier(c);
    const { mode, letters } = spModRights(c);
    end(c);
    const read = readRights(letters);
    // §3.1: what is not known must not be passed over.
    if ('unknown' in read) throw new SyntaxFault(`The ${read.unknown} right is not supported`);
    return { name, identifier, change: { mode, rights: read.rights } };
  },
  async run({ session }, { name, identifier, change }) {
    const place = await session.reach.mailboxOf(name, 'a');
    const identity = await session.sharing.identityToChange(place.account.record, identifier, change);
    if (identity !== undefined) await give(session, place, identity, change);
    return ok('SETACL completed');
  },
});

const deleteAcl = defineCommand({
  name: 'DELETEACL',
  states: SIGNED_IN,
  needsNoMessages: true,
  parse: nameAndIdentifier,
  async run({ session }, { name, identifier }) {
    const place = await session.reach.mailboxOf(name, 'a');
    const identity = await session.sharing.knownIdentity(place.account.record, identifier);
    if (identity !== undefined)
      await give(session, place, identity, { mode: 'replace', rights: '' as Rights });
    return ok('DELETEACL completed');
  },
});

const getAcl = defineCommand({
  name: 'GETACL',
  states: SIGNED_IN,
  needsNoMessages: true,
  parse(c) {
    const { name } = spSuppliedMailbox(c);
    end(c);
    return name;
  },
  async run({ session }, name) {
    const place = await session.reach.mailboxOf(name, 'a');
    const { account, mailbox } = place;
    const pairs: [string, Rights][] = [[account.record.address, RIGHTS as Rights]];
    for (const [identity, rights] of sharesOf(account, mailbox)) {
      const identifier = await session.sharing.nameOf(identity);
      if (identifier !== undefined) pairs.push([identifier, rights]);
    }
    const { out } = session;
    out.ascii('* ACL ').mailbox(place.name);
    for (const [identifier, rights] of pairs) out.sp().astring(identifier).sp().ascii(toldRights(rights));
    out.crlf();
    return ok('GETACL completed');
  },
});

const listRights = defineCommand({
  name: 'LISTRIGHTS',
  states: SIGNED_IN,
  needsNoMessages: true,
  parse: nameAndIdentifier,
  async run({ session }, { name, identifier }) {
    const place = await session.reach.mailboxOf(name, 'a');
    const { account } = place;
    const identity = await session.sharing.knownIdentity(account.record, identifier);
    const { out } = session;
    out.ascii('* LISTRIGHTS ').mailbox(place.name).sp().astring(identifier);
    if (identity === accountIdentity(account.id))
      out
        .sp()
        .ascii(toldRights(RIGHTS as Rights))
        .crlf();
    else out.ascii(` "" ${[...RIGHTS, 'c', 'd'].join(' ')}`).crlf();
    return ok('LISTRIGHTS completed');
  },
});

/** §4: with one of these rights at least. */
const ANY_OF = ['l', 'r', 'i', 'k', 'x', 'a'] as const;

const myRights = defineCommand({
  name: 'MYRIGHTS',
  states: SIGNED_IN,
  needsNoMessages: true,
  parse(c) {
    const { name } = spSuppliedMailbox(c);
    end(c);
    return name;
  },
  async run({ session }, name) {
    const place = await session.reach.find(name);
    if (place === undefined || !ANY_OF.some((right) => place.may(right))) throw nobodyThere(name);
    writeMyRights(session, place);
    return ok('MYRIGHTS completed');
  },
});

/** RFC 8440 §3: behind the LIST response. */
const myRightsReturn = listReturn({
  name: 'MYRIGHTS',
  follow: ({ session }, place) => writeMyRights(session, place),
});

export const acl = defineExtension({
  rfc: 'RFC 4314 ACL and RFC 8440 LIST-MYRIGHTS',
  capabilities: () => ['ACL', 'RIGHTS=texk', 'LIST-MYRIGHTS'],
  commands: [setAcl, deleteAcl, getAcl, listRights, myRights],
  listReturns: [myRightsReturn],
});

function writeMyRights({ out }: SessionContext, place: Place): void {
  out.ascii('* MYRIGHTS ').mailbox(place.name).sp().ascii(toldRights(place.rights)).crlf();
}

async function give(
  session: SessionContext,
  place: Place,
  identity: string,
  change: RightsChange,
): Promise<void> {
  const { account, mailbox } = place;
  const domain = place.acting(session.domain, 'a');
  const by = session.reach.own.record.address;
  const rights = await changeShares(domain, account, mailbox, identity, change, by);
  const who = await session.sharing.nameOf(identity);
  session.note(place, 'rights changed', { mailbox: place.name, who, rights });
}
