/**
 * A message that was brought from a server gets a second place here, as it has one there: the same email, with the key of that place,
 * in one change.
 */
import type { Domain } from '../domain.ts';
import { asUid } from '../model/model.ts';
import { recordAt } from '../model/record.ts';
import type { AccountState } from '../state/account.ts';
import { loadList, loadTail } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { checkCopyQuota } from './quota.ts';

export interface ImportedPlace {
  readonly mailbox: MailboxState;
  readonly importKey: Buffer;
  /** As `ImportTrace` has them. */
  readonly marks: number;
}

/** False when the message is gone. Throws `over-quota`, `nonexistent`, `unavailable`. */
export async function copyImported(
  domain: Domain,
  account: AccountState,
  source: { readonly mailbox: MailboxState; readonly uid: number },
  { mailbox, importKey, marks }: ImportedPlace,
): Promise<boolean> {
  const list = await loadList(domain, account, source.mailbox);
  await loadTail(domain, account, mailbox);
  return domain.turns.run({
    account,
    run: (change) => {
      change.requireThere(source.mailbox);
      change.requireThere(mailbox);
      const row = list.indexOf(source.uid);
      if (row < 0) return false;
      const record = recordAt(list.columns, row);
      checkCopyQuota(account, source.mailbox, mailbox, record.size, 1);
      const names = source.mailbox.keywords.namesOf(record.keywordSet);
      const keywordSet = change.keywords.numberOfMost(mailbox, names, domain.limits);
      change.retain([record.email]);
      const saveDate = Math.floor(change.nowMs / 1000);
      const [uid] = change.addMessages(mailbox, [{ ...record, keywordSet, saveDate }], 'copied');
      change.rememberImport(mailbox, importKey, { uid: asUid(uid as number), marks });
      return true;
    },
  });
}
