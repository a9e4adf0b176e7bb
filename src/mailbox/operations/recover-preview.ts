/** What would come back if it were asked for now: how much, and into which mailboxes. Changes nothing. */
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import {
  type DeletedFilter,
  deletedId,
  deletedMailboxes,
  deletedMailboxId,
  deletedRows,
} from '../reading/deleted-mail.ts';
import type { AccountState } from '../state/account.ts';
import { canonicalName } from './mailboxes.ts';
import { checkRecoveryQuota } from './quota.ts';
import { freeName } from './recover.ts';

export interface RecoveryPreview {
  readonly mailboxes: number;
  readonly messages: number;
  readonly bytes: number;
  /** By name. */
  readonly into: readonly ComesInto[];
  /** Why it would be refused, with the numbers. */
  readonly refusal?: MailboxError;
}

export interface ComesInto {
  readonly mailbox: string;
  /** It would be made. */
  readonly isNew: boolean;
  readonly messages: number;
  readonly bytes: number;
}

export async function previewRecovery(
  domain: Domain,
  account: AccountState,
  { ids, ...filter }: DeletedFilter & { readonly ids?: ReadonlySet<string> },
): Promise<RecoveryPreview> {
  const into = new Map<string, { messages: number; bytes: number }>();
  const add = (name: string, messages: number, bytes: number): void => {
    const sum = into.get(name) ?? { messages: 0, bytes: 0 };
    into.set(name, { messages: sum.messages + messages, bytes: sum.bytes + bytes });
  };
  let mailboxes = 0;
  await domain.accounts.deletedMail.run(account.id, async () => {
    for (const { id, atMs, deletion } of await deletedMailboxes(domain, account, filter)) {
      if (ids?.has(deletedMailboxId(id)) === false) continue;
      mailboxes++;
      const begun = deletion.into === undefined ? undefined : account.mailboxes.get(deletion.into);
      add(begun?.name ?? freeName(account, deletion.mailbox, atMs), deletion.messages, deletion.bytes);
    }
    for await (const { row, deletion, records } of deletedRows(domain, account, filter)) {
      const wanted = records.filter((record) => ids?.has(deletedId(row, record)) !== false);
      if (wanted.length === 0) continue;
      const bytes = wanted.reduce((sum, { size }) => sum + size, 0);
      add(canonicalName(deletion.mailbox), wanted.length, bytes);
    }
  });
  const comes = [...into].map(([mailbox, sum]) => ({ mailbox, isNew: !account.byName.has(mailbox), ...sum }));
  const messages = comes.reduce((sum, one) => sum + one.messages, 0);
  const bytes = comes.reduce((sum, one) => sum + one.bytes, 0);
  const refusal = refusalOf(account, bytes, messages);
  return {
    ...{ mailboxes, messages, bytes, into: comes.sort((a, b) => (a.mailbox < b.mailbox ? -1 : 1)) },
    ...(refusal && { refusal }),
  };
}

function refusalOf(account: AccountState, bytes: number, messages: number): MailboxError | undefined {
  try {
    if (messages > 0) checkRecoveryQuota(account, bytes, messages);
    return undefined;
  } catch (error) {
    if (error instanceof MailboxError) return error;
    throw error;
  }
}
