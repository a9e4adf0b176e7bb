/**
 * Faults that the sources have had, or could have, each as a change of their text: the model must notice every one
 * (`mutants.test.ts`). The first three lost mail.
 */
export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
}

/** What is replaced occurs once in the file. */
type Edit = readonly [file: string, from: string, to: string];

const ROWS = 'src/mailbox/change/batch-rows.ts';
const CHANGE = 'src/mailbox/change/account-change.ts';
const HISTORY = 'src/mailbox/change/history-changes.ts';
const EMAILS = 'src/mailbox/reading/email-changes.ts';
const TURNS = 'src/mailbox/change/turns.ts';
const ACCOUNTS = 'src/mailbox/accounts.ts';
const LOAD = 'src/mailbox/state/load.ts';
const ACROSS = 'src/mailbox/operations/copy-across.ts';
const SHARES = 'src/mailbox/change/share-changes.ts';

const MAKING_IS_NO_END: Edit = [
  'src/mailbox/change/mailbox-changes.ts',
  'this.#to.undo.did(() => Object.assign(mailbox.fields, { isGone: true }));',
  '',
];

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'what a mailbox that is deleted held is not written with its last changes',
    edits: [[ROWS, 'if (!mailbox.isGone) changes.push', 'if (mailbox.isGone) continue;\n      changes.push']],
  },
  {
    name: 'a refused message is taken out of the list it was put into, which may have become part of another',
    edits: [
      [
        CHANGE,
        'this.#undo.did(() => target.loaded?.unappend(uids.length));',
        'this.#undo.did(() => list.unappend(uids.length));',
      ],
    ],
  },
  {
    name: 'mailboxes that a refused operation has touched are written all the same',
    edits: [
      [ROWS, 'this.#undo.add(this.#touched, mailbox);', 'this.#touched.add(mailbox);'],
      MAKING_IS_NO_END,
    ],
  },
  {
    name: 'a mailbox whose making was refused takes mail from those who have found it',
    edits: [MAKING_IS_NO_END],
  },
  {
    name: 'the fields of a mailbox are kept once a turn, not once an operation',
    edits: [[CHANGE, 'this.#kept = new Set();\n', '']],
  },
  {
    name: 'a copy has no reference of its own',
    edits: [['src/mailbox/operations/copy.ts', 'change.retain(records.map((record) => record.email));', '']],
  },
  {
    name: 'the reaper does not look who still reads',
    edits: [
      [
        'src/mailbox/upkeep/reaper.ts',
        'if (isStillShown(account, row)) held++;',
        'if (rows.length < 0) held++;',
      ],
    ],
  },
  {
    name: 'the name that a message came with outlives the message',
    edits: [[ROWS, "changes.push({ kind: 'history', row });", "changes.unshift({ kind: 'history', row });"]],
  },
  {
    name: 'where the tail begins is asked before the wait',
    edits: [
      [LOAD, 'let after = 0;\n', 'let after = 0;\n  const first = tail.firstChunk;\n'],
      [LOAD, 'const upTo = tail.firstChunk;\n', 'const upTo = first;\n'],
    ],
  },
  {
    name: 'an evicted account is read before its last turn is decided',
    edits: [[ACCOUNTS, 'await this.#leaving.get(id);\n', '']],
  },
  {
    name: 'limits that change while an account is read are forgotten',
    edits: [[ACCOUNTS, 'account.record = loading.newest ?? current;', '']],
  },
  {
    name: 'what was written of a change that is undone leaves',
    edits: [
      ['src/imap/output.ts', 'if (this.out.isBeyondMark || isGathering) this.#isTakenBack = true;', ''],
    ],
  },
  {
    name: 'a session whose view has seen what is undone goes on with it',
    edits: [[TURNS, 'if (viewer.readModseq > mailbox.modseq) viewer.events.onInvalid();', '']],
  },
  {
    name: 'messages that are marked as deleted are not remembered',
    edits: [[CHANGE, 'this.history.flagged(target, list, changes);', '']],
  },
  {
    name: 'a copy is not remembered',
    edits: [[CHANGE, "if (origin === 'copied') this.history.copied(target, arrivals);", '']],
  },
  {
    name: 'what a deleted mailbox held is not remembered',
    edits: [[HISTORY, 'list === undefined ? new Uint32Array() : placesIn(list)', 'new Uint32Array()']],
  },
  {
    name: 'what happens to emails while they are counted is told as of before',
    edits: [[EMAILS, 'if (entry.modseq <= modseq) changed.addGain(entry);', '']],
  },
  {
    name: 'emails are counted as they are in memory, whatever becomes of that',
    edits: [[EMAILS, 'if (!(await isKept(unsettled))) continue;', '']],
  },
  {
    name: 'what was forgotten is said to be known',
    edits: [[HISTORY, 'if (row.changesFloor < upTo) row.changesFloor = upTo;', '']],
  },
  {
    name: 'places outlive the messages that leave',
    edits: [[CHANGE, 'this.#places.removed(source, records);', '']],
  },
  {
    name: 'what came in since the store was asked for threads is not looked at',
    edits: [
      [
        'src/mailbox/operations/known-threads.ts',
        'if (recent.length === 0) return stored;',
        'if (recent.length >= 0) return stored;',
      ],
    ],
  },
  {
    name: 'threads are forgotten once they are stored, whoever has asked before',
    edits: [
      [
        'src/mailbox/state/recent-threads.ts',
        'const floor = oldest?.floor ?? this.#committed;',
        'const floor = oldest ? this.#committed : this.#committed;',
      ],
    ],
  },
  {
    name: 'operations of a turn that the store refused are answered',
    edits: [[TURNS, 'if (error !== undefined) throw refusalOf(error);', '']],
  },
  {
    name: 'rights that were taken count from the next command on',
    edits: [['src/mailbox/operations/shares.ts', '            check();\n', '']],
  },
  {
    name: 'of a copy that fails nothing is taken back by whoever has lost his rights',
    edits: [
      [
        'src/mailbox/operations/copy.ts',
        'takeBack(undoing, account, target, to)',
        'takeBack(domain, account, target, to)',
      ],
      [ACROSS, '{ undoing: domain, account, mailbox }: AcrossEnd', '{ domain, account, mailbox }: AcrossEnd'],
    ],
  },
  {
    name: 'what somebody else has taken away meanwhile is where it was to be moved to as well',
    edits: [[ACROSS, 'const others = target.filter', 'const others = [].filter']],
  },
  {
    name: 'what stands for lost octets goes to another account as mail',
    edits: [[ACROSS, 'if (read < record.size) throw damaged(record);', '']],
  },
  {
    name: 'what guests have seen stays behind',
    edits: [
      [
        'src/mailbox/operations/copy.ts',
        'change.shares.seenAgain(target.id, to, along);\n  return { from, to };\n}\n\nfunction teach',
        'return { from, to };\n}\n\nfunction teach',
      ],
    ],
  },
  {
    name: 'who has seen a message has seen it when it is gone',
    edits: [[CHANGE, 'this.shares.messagesGone(source.id, () => records.map(({ uid }) => uid));', '']],
  },
  {
    name: 'a mailbox is made without the rights of the one above it',
    edits: [
      [SHARES, 'if (shares === undefined || shares.size === 0) return;', 'if (shares !== null) return;'],
    ],
  },
  {
    name: 'a right that the store refused is there all the same',
    edits: [
      [
        SHARES,
        'this.#to.undo.put(this.#account.shares, mailbox, shares);',
        'this.#account.shares.set(mailbox, shares);',
      ],
    ],
  },
];
