/**
 * Where `keep`, `fileinto` and the copies of `:fcc` go: flags (RFC 5232 §5), `:create` (RFC 5490 §3.2), `:mailboxid` (RFC 9042 §4) and
 * `:specialuse` (RFC 8579 §4), the last two with the named mailbox for when there is none.
 */
import { canonicalKeyword, FLAG, isKeyword, parseSystemFlag, systemFlagNames } from '../../mail/flags.ts';
import { MailboxNameError, normalizeMailboxName } from '../../mail/mailbox-name.ts';
import type { Node } from '../compile/script.ts';
import type { FileEffect, Target } from '../effects.ts';
import type { Run } from './run.ts';
import { answered, type Steps } from './steps.ts';

export const INBOX = 'INBOX';
/** A message with more is somebody's game. */
const MAX_FLAGS = 64;

export function inboxTarget(run: Run, tags: Node['tags']): Target {
  return { mailbox: INBOX, mayCreate: false, flags: flagsOf(run, tags) };
}

/** The mailbox that is meant; undefined when there is none and none may be made. */
export function* targetOf(
  run: Run,
  named: string,
  tags: Node['tags'],
  flags = flagsOf(run, tags),
): Steps<Target | undefined> {
  const { mailboxes } = run.environment;
  const mayCreate = tags.create !== undefined;
  if (tags.mailboxid !== undefined) {
    const mailbox = yield* answered(mailboxes.withId(run.text(tags.mailboxid)));
    if (mailbox !== undefined) return { mailbox, mayCreate: false, flags };
  }
  const specialUse = tags.specialuse === undefined ? undefined : run.text(tags.specialuse);
  if (specialUse !== undefined) {
    const mailbox = yield* answered(mailboxes.withSpecialUse(specialUse));
    if (mailbox !== undefined) return { mailbox, mayCreate: false, flags };
  }
  const mailbox = mailboxName(named);
  if (mailbox === undefined) return undefined;
  const isThere = mailbox === INBOX || (yield* answered(mailboxes.exists(mailbox)));
  if (!isThere && !mayCreate) return undefined;
  const use = !isThere && specialUse !== undefined ? { specialUse } : {};
  return { mailbox, mayCreate, flags, ...use };
}

/** INBOX for what is not there: mail is never lost for want of a mailbox. */
export function* fileEffect(run: Run, named: string, tags: Node['tags']): Steps<FileEffect> {
  const { origin } = run;
  const { edition } = run.message;
  const target = yield* targetOf(run, named, tags);
  if (target !== undefined) return { kind: 'fileinto', target, edition, isImplicit: false, origin };
  run.note(`there is no mailbox "${named}"; the message goes to INBOX`);
  const inbox = inboxTarget(run, tags);
  return { kind: 'fileinto', target: inbox, edition, isImplicit: false, insteadOf: named, origin };
}

/** The copy of what is sent (RFC 8580 §3): it has the flags that are said with it and no others. */
export function* fileCopyOf(run: Run, { tags }: Node): Steps<Target | undefined> {
  if (tags.fcc === undefined) return undefined;
  const named = run.text(tags.fcc);
  const target = yield* targetOf(run, named, tags, flagList(run.texts(tags.flags)));
  if (target === undefined) run.note(`there is no mailbox "${named}"; no copy is kept`);
  return target;
}

/** In canonical form; undefined for what no mailbox can be called. */
export function mailboxName(name: string): string | undefined {
  try {
    return normalizeMailboxName(name);
  } catch (error) {
    if (error instanceof MailboxNameError) return undefined;
    throw error;
  }
}

function flagsOf(run: Run, tags: Node['tags']): readonly string[] {
  return tags.flags === undefined ? run.flags : flagList(run.texts(tags.flags));
}

/** Lists may be strings with spaces; what IMAP has no such flag for is left out (RFC 5232 §2). Each once, in any case. */
export function flagList(texts: readonly string[]): readonly string[] {
  const out = new Map<string, string>();
  for (const word of texts.flatMap((text) => text.split(/[ \t\r\n]+/))) {
    const flag = flagName(word);
    if (flag !== undefined && out.size < MAX_FLAGS) out.set(flag.toLowerCase(), flag);
  }
  return [...out.values()];
}

function flagName(word: string): string | undefined {
  if (!word.startsWith('\\')) return isKeyword(word) ? canonicalKeyword(word) : undefined;
  const bit = parseSystemFlag(word);
  return bit === undefined || bit === FLAG.Draft ? undefined : systemFlagNames(bit)[0];
}
