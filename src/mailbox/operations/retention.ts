/**
 * Retention: mail that has lain in a mailbox for so long that it goes by itself, counted from the day it was put there (SAVEDATE,
 * RFC 8514 §1). A mailbox says so by an annotation, which its owner may set as well; else it is as its role in the
 * configuration and in the account's settings (`keeping.ts`).
 */
import type { Domain } from '../domain.ts';
import { annotationKey } from '../model/annotations.ts';
import {
  DAY_MS,
  RETENTION_ANNOTATION,
  type RetentionRule,
  readRetention,
  writeRetention,
} from '../model/retention.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { readAnnotations, setAnnotations } from './annotations.ts';

export interface Retention {
  /** Undefined: mail stays. */
  readonly ms: number | undefined;
  /** Who says so. */
  readonly by: 'mailbox' | 'account';
}

export async function retentionOf(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
): Promise<Retention> {
  const place = { mailbox: mailbox.id, name: RETENTION_ANNOTATION };
  if (account.annotations.has(annotationKey(place))) {
    const [value] = await readAnnotations(domain, account, [place]);
    const rule = value && readRetention(value);
    if (rule !== undefined) return { ms: rule === 'never' ? undefined : rule * DAY_MS, by: 'mailbox' };
  }
  return { ms: domain.keeping.retentionMs(account.record, mailbox.role), by: 'account' };
}

/** Undefined: as the account has it. */
export async function setRetention(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  rule: RetentionRule | undefined,
): Promise<void> {
  const value = rule === undefined ? undefined : writeRetention(rule);
  await setAnnotations(domain, account, mailbox, [{ name: RETENTION_ANNOTATION, value }]);
}
