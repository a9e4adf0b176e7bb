/**
 * `shareWith` of a mailbox (RFC 9670 §4): whom its owner lets in, told to him and to whoever may give rights (`a`), and changed by them. Rights
 * that are taken from somebody (`-`, RFC 4314 §2) have no form there and stay as they are.
 */
import type { Sharing } from '../../identity/sharing.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import { NO_RIGHTS, type Rights, type RightsChange } from '../../mailbox/model/rights.ts';
import { type Identity, NEGATIVE } from '../../mailbox/model/shares.ts';
import { changeAllShares, type Grant, sharesOf } from '../../mailbox/operations/shares.ts';
import { ownerOf, visitsIn } from '../../mailbox/operations/visiting.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import type { MailboxState } from '../../mailbox/state/mailbox.ts';
import { invalidProperties, SetError } from '../core/fault.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import type { Call } from '../core/method.ts';
import { rightsObject, rightsOfObject, rightsOfPatch } from '../mailboxes/rights-object.ts';
import { nameOfPrincipal, principalId } from './principal-id.ts';

const SHARE_WITH = 'shareWith';

/** Undefined to whoever may not give rights there. */
export async function shareWithOf(
  sharing: Sharing,
  account: AccountState,
  mailbox: MailboxState,
): Promise<JsonObject | undefined> {
  if (!mayShare(account, mailbox)) return undefined;
  const told: [string, JsonObject][] = [];
  for (const [identity, rights] of sharesOf(ownerOf(account), mailbox)) {
    const id = await idOf(sharing, identity);
    if (id !== undefined) told.push([id, rightsObject(rights, mailbox, true)]);
  }
  return told.length === 0 ? undefined : Object.fromEntries(told);
}

/** The patch without what is said of sharing, and that. */
export function withoutSharing(patch: JsonObject): {
  readonly rest: JsonObject;
  readonly sharing: JsonObject;
} {
  const [of, rest] = [true, false].map((wanted) =>
    Object.fromEntries(Object.entries(patch).filter(([name]) => isOfSharing(name) === wanted)),
  );
  return { rest: rest as JsonObject, sharing: of as JsonObject };
}

/** What is asked for, with those whom it means. Throws `SetError`. */
export async function readSharing(
  sharing: Sharing,
  account: AccountState,
  mailbox: Pick<MailboxState, 'name'>,
  shares: ReadonlyMap<Identity, Rights>,
  patch: JsonObject,
): Promise<readonly Grant[]> {
  const wanted = new Map<string, Rights>();
  const before = await byPrincipal(sharing, shares);
  const rightsOf = (id: string): Rights => wanted.get(id) ?? before.get(id) ?? NO_RIGHTS;
  for (const [pointer, value] of Object.entries(patch)) {
    const [, id, right, ...more] = pointer.split('/');
    if (id === undefined) {
      for (const one of before.keys()) wanted.set(one, NO_RIGHTS);
      for (const [one, object] of Object.entries(wholeMap(value)))
        wanted.set(
          one,
          given(
            pointer,
            isObject(object) ? rightsOfObject(object, before.get(one) ?? NO_RIGHTS, mailbox) : undefined,
          ),
        );
    } else if (right === undefined) {
      const whole = isObject(value) ? rightsOfObject(value, rightsOf(id), mailbox) : undefined;
      wanted.set(id, value === null ? NO_RIGHTS : given(pointer, whole));
    } else {
      if (more.length > 0) throw new SetError('invalidPatch', 'rights have no parts');
      wanted.set(id, given(pointer, rightsOfPatch({ [right]: value ?? false }, rightsOf(id), mailbox)));
    }
  }
  const grants: Grant[] = [];
  for (const [id, rights] of wanted) {
    if (rights === (before.get(id) ?? NO_RIGHTS)) continue;
    const change: RightsChange = { mode: 'replace', rights };
    grants.push({ identity: await identityOf(sharing, account, id, change), wanted: change });
  }
  return grants;
}

/** All of it is one change. Throws MailboxError. */
export async function carryOutSharing(
  call: Call,
  account: AccountState,
  mailbox: MailboxState,
  grants: readonly Grant[],
): Promise<void> {
  if (grants.length === 0) return;
  const owner = ownerOf(account);
  const itself = owner.mailboxes.get(mailbox.id);
  if (itself === undefined) throw new SetError('notFound');
  const place = visitsIn(account)?.(itself);
  place?.require('a');
  const domain = place?.acting(call.domain, 'a') ?? call.domain;
  await changeAllShares(domain, owner, itself, grants, call.record.address);
  call.note(account, 'rights changed', { mailbox: mailbox.name, grants: grants.length });
}

export function mayShare({ visit }: AccountState, { id }: Pick<MailboxState, 'id'>): boolean {
  return visit === undefined || visit.rightsIn(id).includes('a');
}

function isOfSharing(name: string): boolean {
  return name === SHARE_WITH || name.startsWith(`${SHARE_WITH}/`);
}

function wholeMap(value: Json | undefined): JsonObject {
  if (value === null || value === undefined) return {};
  if (!isObject(value)) throw invalidProperties([SHARE_WITH], 'expected rights by principal');
  return value;
}

function given(pointer: string, rights: Rights | undefined): Rights {
  if (rights === undefined) throw invalidProperties([pointer.slice(0, 300)], 'expected rights');
  return rights;
}

async function byPrincipal(
  sharing: Sharing,
  shares: ReadonlyMap<Identity, Rights>,
): Promise<ReadonlyMap<string, Rights>> {
  const found = new Map<string, Rights>();
  for (const [identity, rights] of shares) {
    const id = await idOf(sharing, identity);
    if (id !== undefined) found.set(id, rights);
  }
  return found;
}

async function idOf(sharing: Sharing, identity: Identity): Promise<string | undefined> {
  const name = identity.startsWith(NEGATIVE) ? undefined : await sharing.nameOf(identity);
  return name === undefined ? undefined : principalId(name);
}

/** Throws `SetError`. */
async function identityOf(
  sharing: Sharing,
  account: AccountState,
  id: string,
  change: RightsChange,
): Promise<Identity> {
  const name = nameOfPrincipal(id);
  try {
    const identity =
      name === undefined || name.startsWith(NEGATIVE)
        ? undefined
        : await sharing.identityToChange(account.record, name, change);
    if (identity !== undefined) return identity;
  } catch (error) {
    if (!(error instanceof MailboxError)) throw error;
    throw invalidProperties([`${SHARE_WITH}/${id.slice(0, 255)}`], error.message);
  }
  throw invalidProperties([`${SHARE_WITH}/${id.slice(0, 255)}`], 'there is no such principal');
}
