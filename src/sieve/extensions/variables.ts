/** Variables (RFC 5229): the action `set` and the test `string`. What stands in strings for them is read by `compile/strings.ts`. */
import type { Extension, TagDefinition } from '../compile/language.ts';
import type { Node } from '../compile/script.ts';
import { variableName } from '../compile/strings.ts';
import { matchAny } from '../matching/match.ts';
import type { Steps } from '../run/steps.ts';

/** By precedence, what is applied first in front (RFC 5229 §4.1); those of a group exclude each other. */
const MODIFIERS: readonly (readonly [name: string, group: string, apply: (text: string) => string])[] = [
  ['lower', 'case', lower],
  ['upper', 'case', upper],
  ['lowerfirst', 'first letter', (text) => lower(text.slice(0, 1)) + text.slice(1)],
  ['upperfirst', 'first letter', (text) => upper(text.slice(0, 1)) + text.slice(1)],
  ['quotewildcard', 'wildcards', (text) => text.replace(/[*?\\]/g, '\\$&')],
  ['encodeurl', 'url', encodeUrl],
  ['length', 'length', (text) => String([...text].length)],
];

/** For `set` and `extracttext`. */
export function modified(text: string, { tags }: Pick<Node, 'tags'>): string {
  return MODIFIERS.reduce(
    (value, [name, , apply]) => (tags[name] === undefined ? value : apply(value)),
    text,
  );
}

export const VARIABLES: Extension = {
  rfc: 5229,
  capabilities: ['variables'],
  commands: [
    {
      name: 'set',
      capabilities: ['variables'],
      values: ['string', 'string'],
      check(checking, { values: [name] }) {
        const isGlobal = checking.has('include') && typeof name === 'string' && /^global\./i.test(name);
        const plain = isGlobal ? name.slice('global.'.length) : name;
        if (typeof plain !== 'string' || variableName(plain) === undefined)
          checking.fail('the name of a variable is a constant of letters, digits and "_"');
      },
      run(run, node) {
        const [name, value] = node.values;
        run.scope.set(run.text(name).toLowerCase(), modified(run.text(value), node));
      },
    },
  ],
  tests: [
    {
      name: 'string',
      capabilities: ['variables'],
      values: ['strings', 'strings'],
      classes: ['match'],
      *run(run, node): Steps<boolean> {
        const values = run.texts(node.values[0]);
        const count = values.filter((value) => value !== '').length;
        return yield* matchAny(run, node, values, run.texts(node.values[1]), count);
      },
    },
  ],
  tags: MODIFIERS.map(
    ([name, group]): TagDefinition => ({
      name,
      of: ['set', 'extracttext'],
      ...(name === 'encodeurl' && { capabilities: ['enotify'] }),
      group,
    }),
  ),
};

function lower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function upper(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

/** RFC 5435 §6: all but the unreserved characters. */
function encodeUrl(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
