/** Mailbox/set (RFC 8621 §2.5). Each mailbox is a change of its own; parents come before their children, and go after them. */
import { isDeepStrictEqual } from 'node:util';
import type { Sharing } from '../../identity/sharing.ts';
import { nameAtOwner } from '../../mail/mailbox-name.ts';
import type { Domain } from '../../mailbox/domain.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import { ROLES } from '../../mailbox/model/model.ts';
import { mailboxObjectId } from '../../mailbox/model/object-ids.ts';
import type { Shares } from '../../mailbox/model/shares.ts';
import {
  editMailbox,
  holderOfName,
  type MailboxWishes,
  makeMailbox,
  removeMailbox,
} from '../../mailbox/operations/edit-mailbox.ts';
import { setSubscribedToOthers } from '../../mailbox/operations/folders.ts';
import { sharesOf } from '../../mailbox/operations/shares.ts';
import { ownerOf } from '../../mailbox/operations/visiting.ts';
import { mailboxCounts } from '../../mailbox/query/mailbox-counts.ts';
import { durableMoment } from '../../mailbox/reading/moment.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import type { MailboxState } from '../../mailbox/state/mailbox.ts';
import { MAIL } from '../capabilities.ts';
import { accountObjectId } from '../core/account-id.ts';
import {
  anything,
  boolean,
  idOrCreated,
  oneOf,
  optional,
  type Reader,
  ReadFault,
  readTable,
  text,
  unsigned,
  withDefault,
} from '../core/arguments.ts';
import { invalidProperties, SetError, setErrorOf } from '../core/fault.ts';
import { onlyInState } from '../core/if-in-state.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Call, Method } from '../core/method.ts';
import { eachByItself, type OneByOne, type SetRequest, standardSet } from '../core/standard-set.ts';
import { momentString } from '../core/state-string.ts';
import { PRINCIPALS } from '../sharing/capability.ts';
import { carryOutSharing, mayShare, readSharing, withoutSharing } from '../sharing/share-with.ts';
import { COUNTS, objectOf, type ToldOfSharing } from './mailbox-object.ts';
import { mailboxOfId, nameOf, parentOf } from './properties.ts';

const ARGUMENTS = { onDestroyRemoveEmails: withDefault(boolean, false) };
const MAX_SORT_ORDER = 2 ** 31;

const sortOrder: Reader<number> = (value) => {
  const number = unsigned(value);
  if (number >= MAX_SORT_ORDER) throw new ReadFault('expected a number below 2^31');
  return number;
};
/** What a client may say of a mailbox. The rest it may only repeat. */
const WISHES = {
  name: optional(text),
  parentId: optional(idOrCreated),
  role: optional(oneOf(['inbox', ...ROLES])),
  sortOrder: optional(sortOrder),
  isSubscribed: optional(boolean),
};
const SERVER_SET = ['id', 'myRights', ...COUNTS] as const;
const TABLE = { ...WISHES, ...Object.fromEntries(SERVER_SET.map((name) => [name, anything])) };
/** What is told of a new one: all that its client did not say. */
const TOLD = new Set(['id', ...SERVER_SET, 'parentId', 'role', 'sortOrder', 'isSubscribed']);

type Request = SetRequest<typeof ARGUMENTS>;

export const mailboxSet = (sharing: Sharing): Method =>
  standardSet({
    type: 'Mailbox',
    capability: MAIL,
    arguments: ARGUMENTS,
    state: async (account) => momentString('mailboxes', await durableMoment(account, 'mailboxes')),
    apply: (request) => eachByItself(inOrder(request), new MailboxSet(sharing, request)),
  });

class MailboxSet implements OneByOne {
  readonly #sharing: Sharing;
  readonly #request: Request;
  readonly #domain: Domain;

  constructor(sharing: Sharing, request: Request) {
    const { call, account, ifInState } = request;
    this.#sharing = sharing;
    this.#request = request;
    this.#domain = onlyInState(call.domain, account, 'mailboxes', ifInState);
  }

  async create(wanted: JsonObject): Promise<JsonObject & { readonly id: string }> {
    const { call } = this.#request;
    const account = await this.#account();
    const { rest, sharing } = split(wanted, call);
    const wishes = wishesOf(rest, account, call, undefined, {});
    const { name } = wishes;
    if (name === undefined) throw invalidProperties(['name'], 'a mailbox needs a name');
    const shares = inherited(account, wishes);
    const grants = await readSharing(this.#sharing, account, { name }, shares, sharing);
    if (grants.length > 0 && wishes.parent !== undefined) requireSharing(account, { id: wishes.parent });
    const made = await said({ account, wishes, mailbox: undefined }, () =>
      makeMailbox(this.#domain, account, { ...ofMailbox(account, wishes), name }),
    );
    call.note(account, 'mailbox created', { mailbox: made.name });
    await subscribe(call, account, made, wishes);
    const after = await this.#account();
    const mailbox = after.mailboxes.get(made.id) ?? made;
    await carryOutSharing(call, after, mailbox, grants).catch(async (error: unknown) => {
      await removeMailbox(this.#domain, after, made.id, false);
      throw error;
    });
    const id = mailboxObjectId(made.id);
    return { ...objectOf(after, mailbox, TOLD, undefined, toldOfSharing(call)), id };
  }

  async update(id: string, patch: JsonObject): Promise<null> {
    const { call } = this.#request;
    const domain = this.#domain;
    const account = await this.#account();
    const mailbox = required(account, id);
    const { rest, sharing } = split(patch, call);
    const repeated = new Set(SERVER_SET.filter((name) => Object.hasOwn(rest, name)));
    const counts = repeated.size > 0 ? await mailboxCounts(domain, account) : undefined;
    const current = objectOf(account, mailbox, repeated, counts?.get(mailbox.id), toldOfSharing(call));
    const wishes = wishesOf(rest, account, call, mailbox, current);
    if (Object.keys(sharing).length > 0) requireSharing(account, mailbox);
    const shares = sharesOf(ownerOf(account), mailbox);
    const grants = await readSharing(this.#sharing, account, mailbox, shares, sharing);
    const from = mailbox.name;
    await said({ account, wishes, mailbox }, () =>
      editMailbox(domain, account, mailbox.id, ofMailbox(account, wishes)),
    );
    if (mailbox.name !== from) call.note(account, 'mailbox renamed', { from, to: mailbox.name });
    await subscribe(call, account, mailbox, wishes);
    await carryOutSharing(call, account, mailbox, grants);
    return null;
  }

  async destroy(id: string): Promise<void> {
    const { call, args } = this.#request;
    const account = await this.#account();
    const mailbox = required(account, id);
    const { name, exists: messages } = mailbox;
    await removeMailbox(this.#domain, account, mailbox.id, args.onDestroyRemoveEmails);
    call.note(account, 'mailbox deleted', { mailbox: name, messages });
  }

  /** What somebody sees who is there by leave is another account after each change. */
  async #account(): Promise<AccountState> {
    const { account, call } = this.#request;
    return account.visit === undefined ? account : call.account(accountObjectId(account.id));
  }
}

function toldOfSharing({ using }: Call): ToldOfSharing {
  return { isOfSharing: using.has(PRINCIPALS) };
}

/** Throws `SetError`. `mailbox`: the one that is changed. `current`: what only the server says of it. */
function wishesOf(
  object: JsonObject,
  account: AccountState,
  call: Call,
  mailbox: MailboxState | undefined,
  current: JsonObject,
): MailboxWishes {
  const { values, faults } = readTable(object, TABLE);
  const wrong = new Set(faults.map(({ name }) => name.split('/', 1)[0] as string));
  const { name, role, parentId } = values as { name?: string; role?: string; parentId?: string };
  for (const property of SERVER_SET)
    if (
      Object.hasOwn(object, property) &&
      !isDeepStrictEqual(plain(object[property]), plain(current[property]))
    )
      wrong.add(property);
  if (Object.hasOwn(object, 'name') && name === undefined) wrong.add('name');
  const isInbox = mailbox?.name === 'INBOX';
  // INBOX has its role by its name, and nobody else can have it.
  if (Object.hasOwn(object, 'role') && (role === 'inbox') !== isInbox) wrong.add('role');
  const parent =
    parentId === undefined ? undefined : mailboxOfId(account, call.created.resolve(parentId) ?? '');
  if (parentId !== undefined && parent === undefined) wrong.add('parentId');
  if (wrong.size > 0) throw invalidProperties([...wrong], faults[0]?.text);
  const { sortOrder: order, isSubscribed } = values as { sortOrder?: number; isSubscribed?: boolean };
  const isSameName = mailbox !== undefined && name === nameOf(account, mailbox);
  const isSamePlace = mailbox !== undefined && parentOf(account, mailbox)?.id === parent?.id;
  const givesPlace = Object.hasOwn(object, 'parentId') && !isSamePlace;
  return {
    ...(name === undefined || isSameName ? {} : { name }),
    ...(givesPlace || mailbox === undefined ? { parent: parent?.id } : {}),
    ...(Object.hasOwn(object, 'role') && !isInbox ? { role: role as MailboxWishes['role'] } : {}),
    ...(order === undefined ? {} : { sortOrder: order }),
    ...(isSubscribed === undefined ? {} : { isSubscribed }),
  };
}

/** What is said of sharing is known to those who ask about it. */
function split(patch: JsonObject, { using }: Call): ReturnType<typeof withoutSharing> {
  return using.has(PRINCIPALS) ? withoutSharing(patch) : { rest: patch, sharing: {} };
}

/** A new mailbox begins with the rights of the one above it (RFC 4314 §4). */
function inherited(account: AccountState, { parent }: MailboxWishes): Shares {
  const above = parent === undefined ? undefined : ownerOf(account).mailboxes.get(parent);
  return above === undefined ? new Map() : sharesOf(ownerOf(account), above);
}

function requireSharing(account: AccountState, mailbox: Pick<MailboxState, 'id'>): void {
  if (!mayShare(account, mailbox))
    throw new SetError('forbidden', 'you have no right to give rights in it (a)');
}

/** A mailbox of somebody else does not say whether its visitors are subscribed to it: their own accounts do. */
function ofMailbox({ visit }: AccountState, { isSubscribed, ...rest }: MailboxWishes): MailboxWishes {
  return visit === undefined && isSubscribed !== undefined ? { ...rest, isSubscribed } : rest;
}

async function subscribe(
  { domain, record }: Call,
  account: AccountState,
  { name }: MailboxState,
  { isSubscribed }: MailboxWishes,
): Promise<void> {
  if (account.visit === undefined || isSubscribed === undefined) return;
  const own = await domain.accounts.open(record.id);
  await setSubscribedToOthers(domain, own, nameAtOwner(account.record.address, name), isSubscribed);
}

/** What only the server says may be sent back as it is (RFC 8620 §5.3). What was read has no prototypes. */
function plain(value: Json | undefined): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

interface Wished {
  readonly account: AccountState;
  readonly wishes: MailboxWishes;
  /** Undefined of a new one. */
  readonly mailbox: MailboxState | undefined;
}

/** The domain's refusals, with the property that they are about. */
async function said<T>({ account, wishes, mailbox }: Wished, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof MailboxError)) throw error;
    const { code, message } = error;
    const holder = code === 'exists' ? holderOfName(account, wishes, mailbox) : undefined;
    if (holder !== undefined)
      throw new SetError('alreadyExists', message, {
        properties: ['name'],
        existingId: mailboxObjectId(holder.id),
      });
    if (code === 'exists' || code === 'invalid-name') throw invalidProperties(['name'], message);
    if (code === 'nonexistent') throw invalidProperties(['parentId'], message);
    if (code === 'cannot' && / role|the \w+ mailbox/.test(message))
      throw invalidProperties(['role'], message);
    throw setErrorOf(error);
  }
}

function required(account: AccountState, id: string): MailboxState {
  const mailbox = mailboxOfId(account, id);
  if (mailbox === undefined) throw new SetError('notFound', 'there is no such mailbox');
  return mailbox;
}

/** Creations after those of their parents; of a circle none comes after its parent, and each is refused. The deepest goes first. */
function inOrder(request: SetRequest<typeof ARGUMENTS>): SetRequest<typeof ARGUMENTS> {
  const create = new Map<string, JsonObject>();
  const waiting = new Map(request.create);
  for (let before = -1; waiting.size !== before; ) {
    before = waiting.size;
    for (const [name, object] of waiting) {
      const parent = object.parentId;
      if (typeof parent === 'string' && waiting.has(parent.slice(1)) && parent.startsWith('#')) continue;
      create.set(name, object);
      waiting.delete(name);
    }
  }
  for (const [name, object] of waiting) create.set(name, object);
  const depth = (id: string): number => mailboxOfId(request.account, id)?.name.split('/').length ?? 0;
  return { ...request, create, destroy: [...request.destroy].sort((a, b) => depth(b) - depth(a)) };
}
