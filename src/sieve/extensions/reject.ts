/** Refusing mail (RFC 5429): nobody is told that it was taken, and nothing else may be done with it. */
import type { CommandDefinition, Extension } from '../compile/language.ts';
import { RunFault } from '../run/budget.ts';
import { cut } from '../run/scope.ts';

/** What a reply of SMTP or a report can carry of it. */
const MAX_REASON = 4 * 1024;

function rejecting(name: 'reject' | 'ereject'): CommandDefinition {
  return {
    name,
    capabilities: [name],
    values: ['string'],
    excludes: ['keep', 'fileinto', 'redirect', 'vacation', 'reject', 'ereject'],
    run(run, { values }) {
      // RFC 6785 §3.5: what is in a mailbox was taken long ago.
      if (run.environment.envelope === undefined) throw new RunFault(`"${name}" where no mail is delivered`);
      run.actions.add({ kind: name, reason: cut(run.text(values[0]), MAX_REASON), origin: run.origin });
      run.actions.cancelKeep();
    },
  };
}

export const REJECT: Extension = { rfc: 5429, capabilities: ['reject'], commands: [rejecting('reject')] };
export const EREJECT: Extension = { rfc: 5429, capabilities: ['ereject'], commands: [rejecting('ereject')] };
