/**
 * Which mailboxes were created, updated and destroyed since a moment (RFC 8620 §5.2, RFC 8621 §2.2). As with emails, the
 * answer applied to what there was then gives what there was at the moment it leads to. Mailbox numbers rise and none is
 * given twice, and a deleted mailbox has a row of history.
 */
import type { Domain } from '../domain.ts';
import type { MailboxId } from '../model/model.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';
import {
  type Changes,
  durableMoment,
  isKept,
  isKnown,
  type Moment,
  type Position,
  readHistory,
} from './moment.ts';

export interface MailboxChanges extends Changes {
  /** Of the updated ones nothing but the counts of messages has changed. */
  readonly areCountsOnly: boolean;
}

/** At most `most` mailboxes. `counted`: those whose counts changed with mail elsewhere. Undefined when it is not known any more what there was at that moment. */
export async function mailboxChanges(
  domain: Pick<Domain, 'store'>,
  account: AccountState,
  position: Position,
  most: number,
  counted: ReadonlySet<MailboxId> = new Set(),
): Promise<MailboxChanges | undefined> {
  const { since, told } = position;
  for (;;) {
    if (!isKnown(account, 'mailboxes', position)) return undefined;
    const upTo = told?.upTo ?? (await durableMoment(account, 'mailboxes'));
    const { modseq, unsettled } = account;
    const there = new Map(account.mailboxes);
    const changed = [...there.values()].filter(hasChangedSince(since, counted)).map(({ id }) => id);
    const isInfo = new Map([...there].map(([id, { infoModseq }]) => [id, infoModseq > since.modseq]));
    if (!(await isKept(unsettled))) continue;
    const gone = new Map<MailboxId, number>();
    await readHistory(domain, account, since.modseq, ({ kind, mailbox, modseq: at }) => {
      if (kind === 'mailbox-gone' && at <= modseq) gone.set(mailbox, at);
    });
    if (!isKnown(account, 'mailboxes', position)) return undefined;
    const numbers = [...changed, ...gone.keys()].filter((id) => id > (told?.reached ?? 0));
    const wasThere = (id: MailboxId, moment: Moment): boolean =>
      id < moment.nextMailbox && (there.has(id) || (gone.get(id) ?? 0) > moment.modseq);
    return page(numbers, { since, upTo, most, wasThere, isInfo: (id) => isInfo.get(id) ?? true });
  }
}

function hasChangedSince(
  { modseq }: Moment,
  counted: ReadonlySet<MailboxId>,
): (mailbox: MailboxState) => boolean {
  return (mailbox) => mailbox.modseq > modseq || mailbox.infoModseq > modseq || counted.has(mailbox.id);
}

interface Asked {
  readonly since: Moment;
  readonly upTo: Moment;
  readonly most: number;
  readonly wasThere: (id: MailboxId, moment: Moment) => boolean;
  readonly isInfo: (id: MailboxId) => boolean;
}

function page(changed: readonly MailboxId[], { since, upTo, most, wasThere, isInfo }: Asked): MailboxChanges {
  const created: number[] = [];
  const updated: MailboxId[] = [];
  const destroyed: number[] = [];
  let next: Position = { since: upTo };
  for (const id of [...changed].sort((a, b) => a - b)) {
    const before = wasThere(id, since);
    const after = wasThere(id, upTo);
    if (before && after) updated.push(id);
    else if (after) created.push(id);
    else if (before) destroyed.push(id);
    if (created.length + updated.length + destroyed.length < most) continue;
    next = { since, told: { upTo, reached: id } };
    break;
  }
  return { created, updated, destroyed, areCountsOnly: !updated.some(isInfo), next };
}
