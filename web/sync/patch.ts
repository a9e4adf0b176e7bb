/** A patch of an email's keywords and mailboxes: as JMAP writes it, done to an email, and what would undo it. Pure. */
import type { Action, EmailPatch } from './actions.ts';
import type { Email, Id } from './model.ts';

/** Emails of one request; RFC 8620 §2 asks for at least 500 of every server. */
const SLICE = 500;

export function idsOf({ patches, destroyed = [] }: Action): Id[] {
  return [...patches.map(({ id }) => id), ...destroyed];
}

/** Of these it counts later where they lay when the person did it. */
export function watched({ patches, destroyed = [], until }: Action): readonly Id[] {
  return until === undefined ? destroyed : patches.map(({ id }) => id);
}

export function slices({ patches, destroyed = [], until }: Action): Action[] {
  const out: Action[] = [];
  for (let at = 0; at < patches.length; at += SLICE)
    out.push({ patches: patches.slice(at, at + SLICE), ...(until !== undefined && { until }) });
  for (let at = 0; at < destroyed.length; at += SLICE)
    out.push({ patches: [], destroyed: destroyed.slice(at, at + SLICE) });
  return out;
}

/** The method, and its arguments. */
export function requestOf({
  patches,
  destroyed = [],
  until,
}: Action): readonly [name: string, args: Record<string, unknown>] {
  if (until !== undefined) {
    const create = patches.map(({ id }) => [id, { emailId: id, until }] as const);
    return ['Snooze/set', { create: Object.fromEntries(create) }];
  }
  const update = Object.fromEntries(patches.map((patch) => [patch.id, pointersOf(patch)]));
  return ['Email/set', { update, ...(destroyed.length > 0 && { destroy: destroyed }) }];
}

/** As JSON Pointers; `~` and `/` of a keyword are escaped (RFC 6901 §3). */
function pointersOf({ keywords = {}, mailboxIds = {} }: EmailPatch): Record<string, true | null> {
  const pointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
  const of = (root: string, changes: Readonly<Record<string, boolean>>) =>
    Object.entries(changes).map(([name, is]) => [`${root}/${pointer(name)}`, is ? true : null] as const);
  return Object.fromEntries([...of('keywords', keywords), ...of('mailboxIds', mailboxIds)]);
}

export function withPatch<T extends Pick<Email, 'keywords' | 'mailboxIds'>>(
  email: T,
  { keywords = {}, mailboxIds = {} }: EmailPatch,
): T {
  return {
    ...email,
    keywords: changed(email.keywords, keywords),
    mailboxIds: changed(email.mailboxIds, mailboxIds),
  };
}

/** Of what a patch would change, how it is now: only what differs. */
export function inverseOf(email: Email, { id, keywords = {}, mailboxIds = {} }: EmailPatch): EmailPatch {
  return { id, keywords: was(email.keywords, keywords), mailboxIds: was(email.mailboxIds, mailboxIds) };
}

/** Nobody has changed since what this patch left. */
export function isAsLeft(email: Email, { keywords = {}, mailboxIds = {} }: EmailPatch): boolean {
  return (
    Object.entries(keywords).every(([name, is]) => name in email.keywords === is) &&
    Object.entries(mailboxIds).every(([id, is]) => id in email.mailboxIds === is)
  );
}

function changed(
  set: Readonly<Record<string, true>>,
  changes: Readonly<Record<string, boolean>>,
): Record<string, true> {
  const out: Record<string, true> = { ...set };
  for (const [name, is] of Object.entries(changes)) {
    if (is) out[name] = true;
    else delete out[name];
  }
  return out;
}

function was(
  set: Readonly<Record<string, true>>,
  changes: Readonly<Record<string, boolean>>,
): Record<string, boolean> {
  return Object.fromEntries(
    Object.entries(changes).flatMap(([name, is]) =>
      name in set === is ? [] : [[name, name in set] as const],
    ),
  );
}
