/**
 * What somebody is told when others let him into a mailbox, or take rights from him (RFC 9670 §3). It is told to the account that a right is
 * given to by name; whoever has one through a list, or with everybody, sees the mailbox and gets no notice. The last hundred are kept.
 */
import type { Domain } from '../domain.ts';
import type { BelongingRow } from '../model/belongings.ts';
import { MailboxError } from '../model/errors.ts';
import type { AccountId, MailboxId } from '../model/model.ts';
import type { Rights } from '../model/rights.ts';
import { accountOfIdentity, type Identity } from '../model/shares.ts';
import type { AccountState } from '../state/account.ts';
import { loadBelongings } from '../state/belongings.ts';
import type { MailboxState } from '../state/mailbox.ts';

export interface ShareNotice {
  /** The address of who did it. */
  readonly by: string;
  readonly owner: AccountId;
  readonly mailbox: MailboxId;
  /** Its name at its owner, at that time. */
  readonly name: string;
  readonly before: Rights;
  readonly after: Rights;
}

export interface ChangedShare {
  readonly identity: Identity;
  readonly before: Rights;
  readonly after: Rights;
}

const KIND = 'share';
const MOST = 100;

export function noticeIn({ value }: Pick<BelongingRow, 'value'>): ShareNotice | undefined {
  return value === undefined ? undefined : (JSON.parse(value.toString()) as ShareNotice);
}

/** The rights are what they are by then: that somebody cannot be told takes none back. */
export async function tellAffected(
  domain: Domain,
  owner: AccountState,
  { id, name }: MailboxState,
  changed: readonly ChangedShare[],
  by: string,
): Promise<void> {
  for (const { identity, before, after } of changed) {
    const whom = accountOfIdentity(identity);
    // Whoever cannot see it is not to hear of it.
    if (whom === undefined || before === after || !(before + after).includes('l')) continue;
    const notice = { by, owner: owner.id, mailbox: id, name, before, after };
    await addNotice(domain, whom, notice).catch((error: unknown) => {
      if (!(error instanceof MailboxError)) throw error;
      domain.log.warn({ err: error }, 'somebody could not be told of what is shared with him');
    });
  }
}

async function addNotice(domain: Domain, whom: AccountId, notice: ShareNotice): Promise<void> {
  const account = await domain.accounts.open(whom);
  if (account.record.address === notice.by) return;
  await loadBelongings(domain, account);
  await domain.turns.run({
    account,
    run: (change) => {
      const there = [...(account.belongings?.values() ?? [])].filter(
        ({ kind, value }) => kind === KIND && value !== undefined,
      );
      for (const { id } of there.slice(0, Math.max(0, there.length - MOST + 1))) change.belongings.drop(id);
      change.belongings.add(KIND, Buffer.from(JSON.stringify(notice)));
    },
  });
}
