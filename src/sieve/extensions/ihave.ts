/**
 * Asking for what a server has (RFC 5463). What is asked for is available from there on, if the answer is yes; what is not known compiles
 * to a failure that only strikes when it is executed.
 */
import type { Extension } from '../compile/language.ts';
import { type Node, UNKNOWN } from '../compile/script.ts';
import { RunFault } from '../run/budget.ts';
import type { Run } from '../run/run.ts';

/** They change how a script is read, which is too late to ask for (RFC 5463 §4). */
const GRAMMAR: readonly string[] = ['variables', 'encoded-character'];

export const IHAVE: Extension = {
  rfc: 5463,
  capabilities: ['ihave'],
  commands: [
    { name: 'error', capabilities: ['ihave'], values: ['string'], run: fail },
    { name: UNKNOWN, run: fail },
  ],
  tests: [
    {
      name: 'ihave',
      capabilities: ['ihave'],
      values: ['strings'],
      check(checking, { values: [wanted] }) {
        const names = Array.isArray(wanted) ? (wanted as readonly unknown[]) : [];
        const isThere = (name: unknown): boolean =>
          typeof name === 'string' && checking.knows(name) && !GRAMMAR.includes(name);
        if (names.some((name) => typeof name !== 'string'))
          checking.fail('"ihave" asks for constant strings');
        if (names.every(isThere)) for (const name of names) checking.enable(name as string);
      },
      run: (run, { values: [wanted] }) =>
        run
          .texts(wanted)
          .every((name) => run.scope.script.capabilities.includes(name) && !GRAMMAR.includes(name)),
    },
    { name: UNKNOWN, run: fail },
  ],
};

function fail(run: Run, { values: [message] }: Node): never {
  throw new RunFault(run.text(message));
}
