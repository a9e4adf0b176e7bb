/**
 * Annotations of mailboxes and of the server (RFC 5464), read and set. What is set in one call is one change: all of it or
 * none. Some of the server's are the administrator's, the same for everybody, and are read only.
 */
import type { AccountChange } from '../change/account-change.ts';
import type { Domain } from '../domain.ts';
import {
  ANNOTATION_LIMITS,
  type AnnotationPlace,
  type AnnotationRow,
  annotationKey,
  NO_MAILBOX,
} from '../model/annotations.ts';
import { MailboxError } from '../model/errors.ts';
import type { MailboxId, Role } from '../model/model.ts';
import { RETENTION_ANNOTATION, readRetention } from '../model/retention.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';

/** Values of the server's annotations that the administrator has set, by name. */
export type ServerAnnotations = ReadonlyMap<string, string>;

/** In the order asked; undefined where there is none. Throws MailboxError. */
export async function readAnnotations(
  { store, serverAnnotations }: Pick<Domain, 'store' | 'serverAnnotations'>,
  account: AccountState,
  places: readonly AnnotationPlace[],
): Promise<readonly (Buffer | undefined)[]> {
  const stored = places.filter((place) => account.annotations.has(annotationKey(place)));
  const values = stored.length === 0 ? [] : await store.loadAnnotations(account.id, stored);
  const byKey = new Map(stored.map((place, index) => [annotationKey(place), values[index]]));
  return places.map((place) => fixedValue(serverAnnotations, place) ?? byKey.get(annotationKey(place)));
}

/** Those that are there, the administrator's included; without values, ascending by name. */
export function listAnnotations(
  { serverAnnotations }: Pick<Domain, 'serverAnnotations'>,
  account: AccountState,
  mailbox: MailboxId,
): readonly AnnotationRow[] {
  const rows = [...account.annotations.values()].filter(
    (row) => row.mailbox === mailbox && fixedValue(serverAnnotations, row) === undefined,
  );
  if (mailbox === NO_MAILBOX)
    for (const [name, value] of serverAnnotations)
      rows.push({ mailbox, name, sizeBytes: Buffer.byteLength(value) });
  return rows.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export interface Annotation {
  /** In lower case, see `annotationName`. */
  readonly name: string;
  /** Undefined: there is to be none. */
  readonly value: Buffer | undefined;
}

/** What a mailbox is to be for; without a role, for nothing special. */
export interface WantedRole {
  readonly role: Role | undefined;
}

/**
 * Of a mailbox, or without one the server's. Throws MailboxError `too-big` (one value), `limit` (too many), `over-quota` (all
 * values together), `forbidden` (the administrator's), `cannot` (a role for INBOX, or a time that is none), `nonexistent` (the mailbox, when it has gone
 * meanwhile).
 */
export async function setAnnotations(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState | undefined,
  annotations: readonly Annotation[],
  wanted?: WantedRole,
): Promise<void> {
  const at = mailbox?.id ?? NO_MAILBOX;
  for (const { name, value } of annotations) {
    if (name === RETENTION_ANNOTATION && value !== undefined && readRetention(value) === undefined)
      throw new MailboxError('cannot', `${name} is a number of days such as 30, or "never"`);
    if (isAdministrators(domain.serverAnnotations, { mailbox: at, name }))
      throw new MailboxError('forbidden', `only the administrator sets ${name}`);
    if (value !== undefined && value.length > ANNOTATION_LIMITS.valueBytes)
      throw new MailboxError(
        'too-big',
        `an annotation can have at most ${ANNOTATION_LIMITS.valueBytes} octets`,
      );
  }
  await domain.turns.run({
    account,
    run: (change) => {
      if (mailbox !== undefined) change.requireThere(mailbox);
      if (mailbox !== undefined && wanted !== undefined) takeRole(change, mailbox, wanted.role);
      for (const { name, value } of annotations) change.annotations.put({ mailbox: at, name }, value);
      if (annotations.some(({ value }) => value !== undefined)) refuseTooMuch(domain, account, at);
      return annotations.length;
    },
  });
}

/** What is said of one mailbox is said of another too: of INBOX when its mail moves away (RFC 5464 §4.1). As `setAnnotations`. */
export async function annotateAlike(
  domain: Domain,
  account: AccountState,
  from: MailboxState,
  to: MailboxState,
): Promise<void> {
  const rows = [...account.annotations.values()].filter(({ mailbox }) => mailbox === from.id);
  if (rows.length === 0) return;
  const values = await readAnnotations(domain, account, rows);
  const annotations = rows.map(({ name }, index) => ({ name, value: values[index] }));
  await setAnnotations(domain, account, to, annotations);
}

/** A role belongs to one mailbox: another one loses it (RFC 6154 §5.4). */
function takeRole(change: AccountChange, mailbox: MailboxState, role: Role | undefined): void {
  if (mailbox.role === role) return;
  if (mailbox.name === 'INBOX') throw new MailboxError('cannot', 'INBOX has no other use');
  for (const other of change.account.mailboxes.values())
    if (role !== undefined && other.role === role) change.mailboxes.describe(other, { role: undefined });
  change.mailboxes.describe(mailbox, { role });
}

/** What is the same for all accounts is nobody's of them, and these two names have a meaning for all (RFC 5464 §3.2.1.1). */
function isAdministrators(fixed: ServerAnnotations, { mailbox, name }: AnnotationPlace): boolean {
  return mailbox === NO_MAILBOX && (fixed.has(name) || name.startsWith('/shared/'));
}

function fixedValue(fixed: ServerAnnotations, { mailbox, name }: AnnotationPlace): Buffer | undefined {
  const value = mailbox === NO_MAILBOX ? fixed.get(name) : undefined;
  return value === undefined ? undefined : Buffer.from(value, 'utf8');
}

/** Octets of all values of an account, and how many it may have. */
export function annotationRoom(
  { limits }: Pick<Domain, 'limits'>,
  { annotations, record }: Pick<AccountState, 'annotations' | 'record'>,
): { readonly usedBytes: number; readonly mostBytes: number } {
  let usedBytes = 0;
  for (const { sizeBytes } of annotations.values()) usedBytes += sizeBytes;
  return { usedBytes, mostBytes: limits.annotationBytes(record) };
}

function refuseTooMuch(domain: Pick<Domain, 'limits'>, account: AccountState, mailbox: MailboxId): void {
  const { annotations } = account;
  const { perMailbox, perAccount } = ANNOTATION_LIMITS;
  let here = 0;
  for (const row of annotations.values()) if (row.mailbox === mailbox) here++;
  if (here > perMailbox)
    throw new MailboxError(
      'limit',
      `a mailbox can have at most ${perMailbox} annotations; remove some first`,
    );
  if (annotations.size > perAccount)
    throw new MailboxError('limit', `there can be at most ${perAccount} annotations; remove some first`);
  const { usedBytes, mostBytes } = annotationRoom(domain, account);
  if (usedBytes > mostBytes)
    throw new MailboxError(
      'over-quota',
      `all annotations together can have at most ${mostBytes} octets; remove some first, or ask for more room`,
    );
}
