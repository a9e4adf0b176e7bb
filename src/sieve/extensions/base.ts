/** What needs no require (RFC 5228 §4, §5): keep, redirect, discard, and the tests of header, addresses, size and presence. */
import type { CommandDefinition, Extension, TagDefinition, TestDefinition } from '../compile/language.ts';
import type { Node } from '../compile/script.ts';
import { COMPARATORS } from '../matching/comparators.ts';
import { matchAny } from '../matching/match.ts';
import { matchQuickly } from '../matching/quick.ts';
import { type MailAddress, mayHaveAddresses, rawFields, readAddress } from '../message/fields.ts';
import { addressesAtOnce, addressesOfField, textOfField } from '../message/known-fields.ts';
import { fieldsAtOnce, fieldsOf, headersOf } from '../message/selection.ts';
import type { Run } from '../run/run.ts';
import type { Steps } from '../run/steps.ts';
import { inboxTarget } from '../run/target.ts';
import { addressPart } from './address-parts.ts';
import { CONTROL_COMMANDS, CONTROL_TESTS } from './control.ts';
import { hasMimeOption, mimeValues } from './mime-values.ts';
import { redirect } from './redirect.ts';

const ACTIONS: readonly CommandDefinition[] = [
  {
    name: 'keep',
    run(run, { tags }) {
      const target = inboxTarget(run, tags);
      const { edition } = run.message;
      run.actions.add({ kind: 'keep', target, edition, isImplicit: false, origin: run.origin });
      run.actions.cancelKeep();
    },
  },
  {
    name: 'discard',
    run(run) {
      run.actions.add({ kind: 'discard', origin: run.origin });
      run.actions.cancelKeep();
    },
  },
  {
    name: 'redirect',
    values: ['string'],
    check(checking, { values: [address], tags }) {
      if (tags.list === undefined && typeof address === 'string' && readAddress(address) === undefined)
        checking.fail(`"${address}" is no mail address`);
    },
    run: redirect,
  },
];

const TESTS: readonly TestDefinition[] = [
  {
    name: 'size',
    values: ['number'],
    check(checking, { tags }) {
      if (tags.over === undefined && tags.under === undefined)
        checking.fail('"size" needs ":over" or ":under"');
    },
    // A message of exactly that size is neither (RFC 5228 §5.9).
    run: ({ message }, { tags, values: [limit] }) =>
      tags.over === undefined ? message.sizeBytes < (limit as number) : message.sizeBytes > (limit as number),
  },
  {
    name: 'exists',
    values: ['strings'],
    classes: ['mime'],
    *run(run, node): Steps<boolean> {
      const headers = yield* headersOf(run, node);
      const names = run.texts(node.values[0]);
      run.budget.look(headers.reduce((sum, { bytes }) => sum + bytes.length, 0));
      return names.every((name) => headers.some((header) => rawFields(header, name).length > 0));
    },
  },
  {
    name: 'header',
    values: ['strings', 'strings'],
    classes: ['match', 'index', 'mime', 'mime-options'],
    run(run, node) {
      if (hasMimeOption(node)) return headerInTurns(run, node);
      const fields = fieldsAtOnce(run, node, run.texts(node.values[0]));
      if (fields === undefined) return headerInTurns(run, node);
      return matchValues(run, node, fields.map(textOfField));
    },
  },
  {
    name: 'address',
    values: ['strings', 'strings'],
    classes: ['match', 'address-part', 'index', 'mime'],
    check(checking, { values: [names] }) {
      for (const name of Array.isArray(names) ? (names as readonly unknown[]) : [])
        if (typeof name === 'string' && !mayHaveAddresses(name))
          checking.fail(`there are no addresses in "${name}"`);
    },
    run(run, node) {
      const names = run.texts(node.values[0]).filter(mayHaveAddresses);
      const fields = fieldsAtOnce(run, node, names);
      const addresses = fields?.map(addressesAtOnce);
      if (addresses === undefined || addresses.includes(undefined)) return addressInTurns(run, node, names);
      return matchAddresses(
        run,
        node,
        addresses.flatMap((some) => some ?? []),
      );
    },
  },
];

function* headerInTurns(run: Run, node: Node): Steps<boolean> {
  const fields = yield* fieldsOf(run, node, run.texts(node.values[0]));
  const values = hasMimeOption(node)
    ? fields.flatMap((field) => mimeValues(run, node, field))
    : fields.map(textOfField);
  return yield* matchAny(run, node, values, run.texts(node.values[1]));
}

function* addressInTurns(run: Run, node: Node, names: readonly string[]): Steps<boolean> {
  const fields = yield* fieldsOf(run, node, names);
  const addresses: MailAddress[] = [];
  for (const field of fields) for (const one of yield* addressesOfField(field)) addresses.push(one);
  const found = matchAddresses(run, node, addresses);
  return typeof found === 'boolean' ? found : yield* found;
}

function matchAddresses(run: Run, node: Node, addresses: readonly MailAddress[]): boolean | Steps<boolean> {
  const parts = addresses
    .map((address) => addressPart(run, node, address))
    .filter((part) => part !== undefined);
  return matchValues(run, node, parts, addresses.length);
}

/** With the keys that stand last. */
function matchValues(
  run: Run,
  node: Node,
  values: readonly string[],
  count = values.length,
): boolean | Steps<boolean> {
  const [, keys] = node.values;
  return matchQuickly(run, node, values, keys) ?? matchAny(run, node, values, run.texts(keys), count);
}

const MATCH_TYPES: readonly TagDefinition[] = ['is', 'contains', 'matches'].map((name) => ({
  name,
  of: ['match'],
  group: 'match type',
  check(checking, _, { tags }) {
    if (name !== 'is' && tags.comparator === 'i;ascii-numeric')
      checking.fail(`"i;ascii-numeric" compares numbers; it cannot be used with ":${name}"`);
  },
}));

const TAGS: readonly TagDefinition[] = [
  ...MATCH_TYPES,
  {
    name: 'comparator',
    of: ['match'],
    value: 'string',
    check(checking, value) {
      if (typeof value !== 'string') checking.fail('the name of a comparator is a constant string');
      const name = value as string;
      if (!COMPARATORS.has(name)) checking.unknown(`there is no comparator "${name}"`);
      if (!checking.has(`comparator-${name}`))
        checking.unknown(`the comparator "${name}" needs require "comparator-${name}"`);
      checking.use(`comparator-${name}`);
    },
  },
  ...['all', 'localpart', 'domain'].map((name) => ({
    name,
    of: ['address-part'],
    group: 'part of the address',
  })),
  ...['over', 'under'].map((name) => ({ name, of: ['size'], group: 'direction' })),
];

export const BASE: Extension = {
  rfc: 5228,
  capabilities: [...COMPARATORS.keys()].map((name) => `comparator-${name}`),
  commands: [...CONTROL_COMMANDS, ...ACTIONS],
  tests: [...CONTROL_TESTS, ...TESTS],
  tags: TAGS,
};

/** Its work is done by the compiler (RFC 5228 §2.4.2.4). */
export const ENCODED_CHARACTER: Extension = { rfc: 5228, capabilities: ['encoded-character'] };
