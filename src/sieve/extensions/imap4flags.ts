/** Flags (RFC 5232): sets of them in variables or in the internal one, which the actions use that say nothing else. */
import type { CommandDefinition, Extension } from '../compile/language.ts';
import type { Node } from '../compile/script.ts';
import { variableName } from '../compile/strings.ts';
import { matchAny } from '../matching/match.ts';
import type { Run } from '../run/run.ts';
import type { Steps } from '../run/steps.ts';
import { flagList } from '../run/target.ts';

type Change = (before: readonly string[], flags: readonly string[]) => readonly string[];

const CHANGES: Readonly<Record<string, Change>> = {
  setflag: (_, flags) => flags,
  addflag: (before, flags) => [...before, ...flags],
  removeflag: (before, flags) => {
    const gone = new Set(flags.map((flag) => flag.toLowerCase()));
    return before.filter((flag) => !gone.has(flag.toLowerCase()));
  },
};

export const IMAP4FLAGS: Extension = {
  rfc: 5232,
  capabilities: ['imap4flags'],
  commands: Object.entries(CHANGES).map(
    ([name, change]): CommandDefinition => ({
      name,
      capabilities: ['imap4flags'],
      values: ['string', 'strings'],
      mayOmit: 'first',
      check(checking, { values }) {
        if (values.length < 2) return;
        if (!checking.has('variables')) checking.fail('flags in a variable need require "variables"');
        if (typeof values[0] !== 'string' || variableName(values[0]) === undefined)
          checking.fail('the name of a variable is a constant of letters, digits and "_"');
      },
      run(run, { values }) {
        const flags = flagList(run.texts(values.at(-1)));
        const name = values.length < 2 ? undefined : run.text(values[0]).toLowerCase();
        const after = flagList(change(flagsIn(run, name), flags));
        if (name === undefined) run.flags = after;
        else run.scope.set(name, after.join(' '));
      },
    }),
  ),
  tests: [
    {
      name: 'hasflag',
      capabilities: ['imap4flags'],
      values: ['strings', 'strings'],
      mayOmit: 'first',
      classes: ['match'],
      check(checking, { values }) {
        if (values.length === 2 && !checking.has('variables'))
          checking.fail('flags in a variable need require "variables"');
      },
      *run(run, node): Steps<boolean> {
        const { values } = node;
        const names = values.length < 2 ? [undefined] : run.texts(values[0]);
        const flags = names.map((name) => flagsIn(run, name?.toLowerCase()));
        const count = flags.reduce((sum, { length }) => sum + length, 0);
        return yield* matchAny(run, node, flags.flat(), keysOf(run, node), count);
      },
    },
  ],
  tags: [{ name: 'flags', of: ['keep', 'filing'], capabilities: ['imap4flags'], value: 'strings' }],
};

/** The words of the list; numbers for `:count` stay what they are. */
function keysOf(run: Run, { values }: Node): string[] {
  return run.texts(values.at(-1)).flatMap((text) => text.split(/[ \t\r\n]+/).filter((word) => word !== ''));
}

function flagsIn(run: Run, name: string | undefined): readonly string[] {
  return name === undefined ? run.flags : flagList([run.scope.variable(name)]);
}
