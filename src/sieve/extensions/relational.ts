/** Match types beside those of the base: `:value` and `:count` (RFC 5231), `:regex` (draft-ietf-sieve-regex), `:list` (RFC 6134). */
import type { Extension, TagDefinition } from '../compile/language.ts';
import { RegexError } from '../matching/regex/expression.ts';
import { compileRegex } from '../matching/regex/program.ts';
import { answered, type Steps } from '../run/steps.ts';

const RELATIONS: readonly string[] = ['gt', 'ge', 'lt', 'le', 'eq', 'ne'];

export const RELATIONAL: Extension = {
  rfc: 5231,
  capabilities: ['relational'],
  tags: ['value', 'count'].map(
    (name): TagDefinition => ({
      name,
      of: ['match'],
      capabilities: ['relational'],
      value: 'string',
      group: 'match type',
      check(checking, value) {
        if (typeof value !== 'string' || !RELATIONS.includes(value.toLowerCase()))
          checking.fail(`":${name}" is followed by one of ${RELATIONS.map((one) => `"${one}"`).join(', ')}`);
      },
    }),
  ),
};

/** Each is compiled when it is checked, all of a test at once. */
const MAX_EXPRESSIONS = 64;

export const REGEX: Extension = {
  rfc: 'draft-ietf-sieve-regex',
  capabilities: ['regex'],
  tags: [
    {
      name: 'regex',
      of: ['match'],
      capabilities: ['regex'],
      group: 'match type',
      check(checking, _, { tags, values }) {
        if (tags.comparator === 'i;ascii-numeric')
          checking.fail('"i;ascii-numeric" compares numbers; it cannot be used with ":regex"');
        const keys = values.at(-1);
        if (Array.isArray(keys) && keys.length > MAX_EXPRESSIONS)
          checking.fail(`more than ${MAX_EXPRESSIONS} regular expressions in one test`);
        for (const key of Array.isArray(keys) ? (keys as readonly unknown[]) : []) {
          if (typeof key !== 'string') continue;
          try {
            compileRegex(key, false);
          } catch (error) {
            if (!(error instanceof RegexError)) throw error;
            checking.fail(`the regular expression "${key.slice(0, 100)}": ${error.message}`);
          }
        }
      },
    },
  ],
};

export const EXTLISTS: Extension = {
  rfc: 6134,
  capabilities: ['extlists'],
  tags: [
    { name: 'list', of: ['match'], capabilities: ['extlists'], group: 'match type' },
    { name: 'list', of: ['redirect'], capabilities: ['extlists'] },
  ],
  tests: [
    {
      name: 'valid_ext_list',
      capabilities: ['extlists'],
      values: ['strings'],
      *run(run, { values }): Steps<boolean> {
        for (const list of run.texts(values[0])) {
          run.budget.step();
          if (!(yield* answered(run.environment.lists.exists(list)))) return false;
        }
        return true;
      },
    },
  ],
};
