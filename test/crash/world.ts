/**
 * What the writers were promised, and what they had asked for without an answer when the server died.
 *
 * The rules that make it decidable: one request of a client is open at a time; only the owner of a message changes it;
 * a mailbox holds a message once; names of mailboxes are never used twice. So after a restart each open request has
 * happened or has not, by one look, and everything else must be exactly as promised.
 */
import type { Mail } from './mail.ts';

export class Folder {
  readonly account: string;
  /** Undefined before it was created and after it was deleted. */
  name: string | undefined;
  uidValidity: number | undefined;
  /** By the id of the mail. */
  readonly copies = new Map<string, Copy>();
  /** Of every UID ever seen, which mail it was: a UID never becomes another mail. */
  readonly mailOfUid = new Map<number, string>();
  highestUidNext = 1;
  highestModseq = 0;
  /** What was seen of a message at a modseq, by `uid modseq`. */
  readonly flagsAt = new Map<string, string>();
  /** A device that was last online at this modseq. */
  device: { readonly modseq: number; readonly flags: Map<number, string> } | undefined;

  constructor(account: string, name: string | undefined) {
    this.account = account;
    this.name = name;
  }

  /** `flags` of a message as a client was told; returns what contradicts an earlier answer. */
  note(uid: number, modseq: number, flags: string): string | undefined {
    this.highestModseq = Math.max(this.highestModseq, modseq);
    const key = `${uid} ${modseq}`;
    const before = this.flagsAt.get(key);
    this.flagsAt.set(key, flags);
    if (before === undefined || before === flags) return undefined;
    return `${this.account} ${this.name}: UID ${uid} had (${before}) at modseq ${modseq} and has (${flags}) now`;
  }
}

export interface Copy {
  readonly mail: Mail;
  readonly folder: Folder;
  uid: number | undefined;
  flags: string;
}

/** One request: all of it happens or nothing. */
export interface Change {
  readonly what: string;
  /** Several requests at once, on several connections: all that may come of them together. Nothing else is set, then. */
  readonly outcomes?: readonly Omit<Change, 'outcomes'>[];
  readonly removes?: readonly Copy[];
  readonly adds?: readonly Copy[];
  /** Of an outcome: what is still where it was. */
  readonly keeps?: readonly Copy[];
  readonly flags?: readonly { readonly copy: Copy; readonly to: string }[];
  readonly rename?: {
    readonly folder: Folder;
    readonly from: string | undefined;
    readonly to: string | undefined;
  };
}

export class World {
  readonly folders: Folder[] = [];
  readonly open = new Set<Change>();
  /** Answers that no server may give here. */
  readonly surprises: string[] = [];
  promised = 0;

  begin(change: Change): void {
    this.open.add(change);
  }

  /** Acknowledged. */
  done(change: Change): void {
    this.open.delete(change);
    this.promised++;
    apply(change);
  }

  /** Of several requests at once this has come. */
  settle(change: Change, outcome: Omit<Change, 'outcomes'>): void {
    this.open.delete(change);
    this.promised++;
    apply(outcome);
  }

  refused(change: Change, answer: string): void {
    this.open.delete(change);
    this.surprises.push(`${change.what}: ${answer}`);
  }

  foldersOf(account: string): Folder[] {
    return this.folders.filter((folder) => folder.account === account && folder.name !== undefined);
  }
}

export function apply({ removes = [], adds = [], flags = [], rename }: Change): void {
  for (const copy of removes) copy.folder.copies.delete(copy.mail.id);
  for (const copy of adds) {
    copy.folder.copies.set(copy.mail.id, copy);
    if (copy.uid !== undefined) copy.folder.mailOfUid.set(copy.uid, copy.mail.id);
  }
  for (const { copy, to } of flags) copy.flags = to;
  if (rename !== undefined) rename.folder.name = rename.to;
}

/** One spelling for a set of flags; `\Recent` is of a session, not of a message. */
export function flagsOf(words: Iterable<string>): string {
  return [...new Set(words)]
    .filter((word) => word !== '' && word !== '\\Recent')
    .sort()
    .join(' ');
}
