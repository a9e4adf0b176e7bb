/** Where mail goes: `fileinto` (RFC 5228 §4.1) and what others add to it and to `redirect`. */
import type { Extension } from '../compile/language.ts';
import { answered, type Steps } from '../run/steps.ts';
import { fileEffect, mailboxName } from '../run/target.ts';

export const FILEINTO: Extension = {
  rfc: 5228,
  capabilities: ['fileinto'],
  commands: [
    {
      name: 'fileinto',
      capabilities: ['fileinto'],
      values: ['string'],
      classes: ['filing'],
      check(checking, { values: [mailbox] }) {
        if (typeof mailbox === 'string' && mailboxName(mailbox) === undefined)
          checking.fail(`no mailbox can be called "${mailbox}"`);
      },
      *run(run, { tags, values }): Steps<void> {
        run.actions.add(yield* fileEffect(run, run.text(values[0]), tags));
        if (tags.copy === undefined) run.actions.cancelKeep();
      },
    },
  ],
};

/** The implicit keep stands (RFC 3894). */
export const COPY: Extension = {
  rfc: 3894,
  capabilities: ['copy'],
  tags: [{ name: 'copy', of: ['fileinto', 'redirect'], capabilities: ['copy'] }],
};

export const MAILBOX: Extension = {
  rfc: 5490,
  capabilities: ['mailbox'],
  tags: [{ name: 'create', of: ['filing'], capabilities: ['mailbox'] }],
  tests: [
    {
      name: 'mailboxexists',
      capabilities: ['mailbox'],
      values: ['strings'],
      *run(run, { values }): Steps<boolean> {
        for (const name of run.texts(values[0])) {
          run.budget.step();
          const mailbox = mailboxName(name);
          const isThere =
            mailbox !== undefined && (yield* answered(run.environment.mailboxes.exists(mailbox)));
          if (!isThere) return false;
        }
        return true;
      },
    },
  ],
};

export const SPECIAL_USE: Extension = {
  rfc: 8579,
  capabilities: ['special-use'],
  tags: [
    {
      name: 'specialuse',
      of: ['filing'],
      capabilities: ['special-use'],
      value: 'string',
      group: 'other name',
    },
  ],
  tests: [
    {
      name: 'specialuse_exists',
      capabilities: ['special-use'],
      values: ['string', 'strings'],
      mayOmit: 'first',
      *run(run, { values }): Steps<boolean> {
        const { mailboxes } = run.environment;
        const named = values.length === 2 ? run.text(values[0]) : undefined;
        const mailbox = named === undefined ? undefined : mailboxName(named);
        if (named !== undefined && mailbox === undefined) return false;
        for (const use of run.texts(values.at(-1))) {
          run.budget.step();
          const has =
            mailbox === undefined
              ? (yield* answered(mailboxes.withSpecialUse(use))) !== undefined
              : yield* answered(mailboxes.hasSpecialUse(mailbox, use));
          if (!has) return false;
        }
        return true;
      },
    },
  ],
};

export const MAILBOX_ID: Extension = {
  rfc: 9042,
  capabilities: ['mailboxid'],
  tags: [
    { name: 'mailboxid', of: ['filing'], capabilities: ['mailboxid'], value: 'string', group: 'other name' },
  ],
  tests: [
    {
      name: 'mailboxidexists',
      capabilities: ['mailboxid'],
      values: ['strings'],
      *run(run, { values }): Steps<boolean> {
        for (const id of run.texts(values[0])) {
          run.budget.step();
          if ((yield* answered(run.environment.mailboxes.withId(id))) === undefined) return false;
        }
        return true;
      },
    },
  ],
};
