/**
 * Faults that the sources have had, or could have, each as a change of their text: the model must notice every one
 * (`mutants.test.ts`). The first three lost mail.
 */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  /** What is replaced occurs once. */
  readonly edits: readonly (readonly [from: string, to: string])[];
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'what a mailbox that is deleted held is not written with its last changes',
    file: 'src/mailbox/change/batch-rows.ts',
    edits: [
      [
        'const messages = touched.map((mailbox) =>',
        'const messages = touched.filter((mailbox) => !mailbox.isGone).map((mailbox) =>',
      ],
    ],
  },
  {
    name: 'a refused message is taken out of the list it was put into, which may have become part of another',
    file: 'src/mailbox/change/account-change.ts',
    edits: [
      [
        'this.#undo.did(() => target.loaded?.unappend(uids.length));',
        'this.#undo.did(() => list.unappend(uids.length));',
      ],
    ],
  },
  {
    name: 'mailboxes that a refused operation has touched are written all the same',
    file: 'src/mailbox/change/batch-rows.ts',
    edits: [['this.#undo.add(this.#touched, mailbox);', 'this.#touched.add(mailbox);']],
  },
  {
    name: 'a mailbox whose making was refused takes mail from those who have found it',
    file: 'src/mailbox/change/account-change.ts',
    edits: [['this.#undo.did(() => Object.assign(mailbox.fields, { isGone: true }));', '']],
  },
  {
    name: 'the fields of a mailbox are kept once a turn, not once an operation',
    file: 'src/mailbox/change/account-change.ts',
    edits: [['this.#kept = new Set();\n', '']],
  },
  {
    name: 'a copy has no reference of its own',
    file: 'src/mailbox/operations/copy.ts',
    edits: [['for (const record of records) change.retain(record.email);', '']],
  },
  {
    name: 'the reaper does not look who still reads',
    file: 'src/mailbox/upkeep/reaper.ts',
    edits: [['if (isNeeded(account, row)) held++;', 'if (rows.length < 0) held++;']],
  },
  {
    name: 'the name that a message came with outlives the message',
    file: 'src/mailbox/change/batch-rows.ts',
    edits: [['externalIds: this.#namesOfThoseThere(touched),', 'externalIds: this.#externalIds,']],
  },
  {
    name: 'where the tail begins is asked before the wait',
    file: 'src/mailbox/state/load.ts',
    edits: [
      ['let after = 0;\n', 'let after = 0;\n  const first = tail.firstChunk;\n'],
      ['const upTo = tail.firstChunk;\n', 'const upTo = first;\n'],
    ],
  },
  {
    name: 'an evicted account is read before its last turn is decided',
    file: 'src/mailbox/accounts.ts',
    edits: [['await this.#leaving.get(id);\n', '']],
  },
  {
    name: 'limits that change while an account is read are forgotten',
    file: 'src/mailbox/accounts.ts',
    edits: [['if (loading !== undefined) loading.newest = record;', '']],
  },
  {
    name: 'what was written of a change that is undone leaves',
    file: 'src/imap/output.ts',
    edits: [['if (this.out.isBeyondMark || isGathering) this.#isTakenBack = true;', '']],
  },
  {
    name: 'a session whose view has seen what is undone goes on with it',
    file: 'src/mailbox/change/turns.ts',
    edits: [['if (viewer.readModseq > mailbox.modseq) viewer.events.onInvalid();', '']],
  },
  {
    name: 'operations of a turn that the store refused are answered',
    file: 'src/mailbox/change/turns.ts',
    edits: [['if (error !== undefined) throw refusalOf(error);', '']],
  },
];
