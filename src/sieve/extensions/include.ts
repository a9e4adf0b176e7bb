/** Scripts in scripts (RFC 6609), and variables that they share. */
import type { Extension } from '../compile/language.ts';
import { variableName } from '../compile/strings.ts';
import { RunFault } from '../run/budget.ts';
import { answered, type Steps } from '../run/steps.ts';

export const INCLUDE: Extension = {
  rfc: 6609,
  capabilities: ['include'],
  commands: [
    {
      name: 'include',
      capabilities: ['include'],
      values: ['string'],
      check(checking, { values: [name] }) {
        if (typeof name !== 'string') checking.fail('the name of a script is a constant string');
      },
      *run(run, { tags, values: [value] }): Steps<void> {
        const name = run.text(value);
        const location = tags.global === undefined ? 'personal' : 'global';
        const includedAs = `${location}/${name}`;
        if (run.scopes.some((scope) => scope.includedAs === includedAs))
          throw new RunFault(`the script "${name}" includes itself`);
        if (tags.once !== undefined && run.included.has(includedAs)) return;
        if (run.scopes.length > run.limits.includeDepth)
          throw new RunFault(`scripts include each other deeper than ${run.limits.includeDepth}`);
        if (++run.includes > run.limits.includes)
          throw new RunFault(`more than ${run.limits.includes} times "include"`);
        run.included.add(includedAs);
        const script = yield* answered(run.environment.include(location, name));
        if (script !== undefined) run.enterScript(script, includedAs);
        else if (tags.optional === undefined) throw new RunFault(`there is no ${location} script "${name}"`);
      },
    },
    { name: 'return', capabilities: ['include'], run: (run) => run.leaveScript() },
    {
      name: 'global',
      capabilities: ['include'],
      values: ['strings'],
      check(checking, { values: [names] }) {
        if (!checking.has('variables')) checking.fail('"global" needs require "variables"');
        for (const name of Array.isArray(names) ? (names as readonly unknown[]) : [])
          if (typeof name !== 'string' || variableName(name) === undefined)
            checking.fail('the name of a variable is a constant of letters, digits and "_"');
      },
      run(run, { values: [names] }) {
        for (const name of run.texts(names)) run.scope.declareGlobal(name.toLowerCase());
      },
    },
  ],
  tags: [
    { name: 'personal', of: ['include'], group: 'place' },
    { name: 'global', of: ['include'], group: 'place' },
    { name: 'once', of: ['include'] },
    { name: 'optional', of: ['include'] },
  ],
};
