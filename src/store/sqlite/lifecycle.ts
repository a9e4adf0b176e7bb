/**
 * Was the last stop clean, and what follows when it was not.
 *
 * With `flags = "delayed"` a change of flags is answered before it is synced, so a power cut may take back modseqs that
 * clients have seen. Giving those numbers out again for other changes would hide these from the clients for ever.
 * So an unclean stop of such a store begins a new epoch, and every account, when it is first loaded in it, jumps its
 * modseq by MODSEQ_JUMP: more than can have been given out between two syncs.
 */
import type { AccountId } from '../../mailbox/model/model.ts';
import type { BatchContext } from './account-batch.ts';
import { type Database, isDamage } from './database.ts';
import type { GroupCommit } from './group-commit.ts';
import { type Break, beginLineage } from './lineage.ts';
import { touchDatabase } from './migrate.ts';

/** At 50,000 changes a second of one account it is 20 s of a sync that does not return. */
export const MODSEQ_JUMP = 1_000_000;

export interface Mark {
  readonly wasClean: boolean;
  readonly epoch: number;
  readonly lineage: number;
}

export interface MarkOptions {
  readonly isDelayed: boolean;
  /** The shard is not what it was, see `lineage.ts`. */
  readonly broken: Break | undefined;
  readonly onTrouble: (error: Error) => void;
}

/**
 * The first write of every opening. The caller makes it durable before anything is answered. When the facts about the
 * last stop cannot be read, it was the worst one.
 */
export function markInUse(db: Database, options: MarkOptions): Mark {
  try {
    return writeMark(db, options);
  } catch (error) {
    if (!isDamage(error)) throw error;
    options.onTrouble(error);
  }
  touchDatabase(db);
  const lineage = highest(db, 'lineage') + (options.broken === undefined ? 0 : 1);
  return { wasClean: false, epoch: highest(db, 'epoch') + 1, lineage };
}

/** Of the accounts. */
function highest(db: Database, column: 'epoch' | 'lineage'): number {
  try {
    return (db.value(`SELECT max(${column}) FROM account`) as number | null) ?? 0;
  } catch {
    return 0; // then no account can be loaded either
  }
}

function writeMark(db: Database, { isDelayed, broken }: MarkOptions): Mark {
  return db.transaction(() => {
    // The first page of the database comes first in the log: see `log-match.ts`.
    touchDatabase(db);
    const facts = new Map(db.prepare('SELECT key, value FROM store').all() as unknown as [string, number][]);
    const wasClean = facts.get('clean') === 1;
    const epoch = (facts.get('epoch') ?? 0) + (wasClean || facts.get('delayed') !== 1 ? 0 : 1);
    const set = db.prepare('REPLACE INTO store VALUES (?, ?)');
    set.run('epoch', epoch);
    set.run('delayed', isDelayed ? 1 : 0);
    set.run('clean', 0);
    return { wasClean, epoch, lineage: beginLineage(db, broken) };
  });
}

/** The last write before closing. */
export function markClean(db: Database): void {
  db.exec("UPDATE store SET value = 1 WHERE key = 'clean'");
}

/** Before an account is shown for the first time in this epoch: the jump, durable. */
export async function settleAccount(
  context: BatchContext,
  commits: GroupCommit,
  account: AccountId,
): Promise<void> {
  const { db, epoch, modseqs } = context;
  const seen = db.prepare('SELECT epoch FROM account WHERE id = ?').get(account)?.[0] as number | undefined;
  if (seen === undefined || seen >= epoch) return;
  const jump = `UPDATE account SET modseq = modseq + ?1, changes_floor = modseq + ?1, email_modseq = modseq + ?1,
    mailbox_modseq = modseq + ?1, epoch = ?2 WHERE id = ?3 AND epoch < ?2`;
  let isJumped = false;
  await commits.perform({
    apply: () => {
      isJumped = db.prepare(jump).run(MODSEQ_JUMP, epoch, account) === 1;
      modseqs.delete(account);
    },
    undo: () => modseqs.delete(account),
    done: () => {
      if (isJumped) context.progress.value += MODSEQ_JUMP;
    },
  });
}
