/** Tests of parts and loops over them (RFC 5703 §3, §4), and text taken out of them (§7). */
import type { CommandDefinition, Extension, TagDefinition } from '../compile/language.ts';
import { variableName } from '../compile/strings.ts';
import { partText } from '../message/texts.ts';
import { RunFault } from '../run/budget.ts';
import type { Steps } from '../run/steps.ts';
import { modified } from './variables.ts';

const LOOPS: readonly CommandDefinition[] = [
  {
    name: 'foreverypart',
    capabilities: ['foreverypart'],
    hasBlock: true,
    *run(run, { tags, block }): Steps<void> {
      const { limits, allLoops, message, part } = run;
      if (allLoops.length >= limits.loopDepth)
        throw new RunFault(`loops nest deeper than ${limits.loopDepth}`);
      const paths = yield* message.pathsFrom(part, limits.parts);
      // The loop inside goes through what is in the part at hand.
      if (allLoops.length > 0) paths.shift();
      const name = tags.name === undefined ? undefined : run.text(tags.name);
      if (paths.length > 0) run.enter(block, { name, paths, at: 0 });
    },
  },
  {
    name: 'break',
    capabilities: ['foreverypart'],
    check(checking, { tags: { name } }) {
      const loops = checking.enclosing.filter((node) => node.name === 'foreverypart');
      if (loops.length === 0) checking.fail('"break" outside of a "foreverypart"');
      if (name !== undefined && !loops.some(({ tags }) => tags.name === name))
        checking.fail(`no "foreverypart" around it is named "${String(name)}"`);
    },
    run: (run, { tags: { name } }) => run.leaveLoop(name === undefined ? undefined : run.text(name)),
  },
];

export const FOREVERYPART: Extension = {
  rfc: 5703,
  capabilities: ['foreverypart'],
  commands: LOOPS,
  tags: [
    {
      name: 'name',
      of: ['foreverypart', 'break'],
      value: 'string',
      check(checking, value) {
        if (typeof value !== 'string') checking.fail('the name of a loop is a constant string');
      },
    },
  ],
};

const OPTIONS: readonly TagDefinition[] = [
  ...['type', 'subtype', 'contenttype'].map((name) => ({ name })),
  { name: 'param', value: 'strings' as const },
].map((tag) => ({
  ...tag,
  of: ['mime-options'],
  capabilities: ['mime'],
  group: 'of the field',
  needs: 'mime',
}));

export const MIME: Extension = {
  rfc: 5703,
  capabilities: ['mime'],
  tags: [
    { name: 'mime', of: ['mime'], capabilities: ['mime'] },
    { name: 'anychild', of: ['mime'], capabilities: ['mime'], needs: 'mime' },
    ...OPTIONS,
  ],
};

export const EXTRACTTEXT: Extension = {
  rfc: 5703,
  capabilities: ['extracttext'],
  commands: [
    {
      name: 'extracttext',
      capabilities: ['extracttext'],
      values: ['string'],
      check(checking, { values: [name] }) {
        if (!checking.has('variables')) checking.fail('"extracttext" needs require "variables"');
        if (typeof name !== 'string' || variableName(name) === undefined)
          checking.fail('the name of a variable is a constant of letters, digits and "_"');
        if (!checking.enclosing.some((node) => node.name === 'foreverypart'))
          checking.warn('"extracttext" outside of a "foreverypart" gives an empty string');
      },
      *run(run, node): Steps<void> {
        const { tags, values } = node;
        const text = run.allLoops.length === 0 ? '' : yield* partText(run, run.part);
        const first = typeof tags.first === 'number' ? firstCharacters(text, tags.first) : text;
        run.scope.set(
          run.text(values[0]).toLowerCase(),
          modified(first.slice(0, run.limits.variableBytes), node),
        );
      },
    },
  ],
  tags: [{ name: 'first', of: ['extracttext'], value: 'number' }],
};

function firstCharacters(text: string, count: number): string {
  let end = 0;
  for (let i = 0; i < count && end < text.length; i++)
    end += (text.codePointAt(end) as number) > 0xffff ? 2 : 1;
  return text.slice(0, end);
}
