/** The tests `date` and `currentdate`, and the arguments `:index` and `:last` (RFC 5260). */
import { type MailDate, parseDateTime } from '../../mail/date.ts';
import { unfold } from '../../mail/header.ts';
import type { Checking, Extension, TagDefinition } from '../compile/language.ts';
import type { Node, Value } from '../compile/script.ts';
import { matchAny } from '../matching/match.ts';
import { fieldsOf } from '../message/selection.ts';
import { RunFault } from '../run/budget.ts';
import type { Run } from '../run/run.ts';
import type { Steps } from '../run/steps.ts';
import { DATE_PARTS, type Moment, zoneMinutes } from './date-parts.ts';

export const DATE: Extension = {
  rfc: 5260,
  capabilities: ['date'],
  tests: [
    {
      name: 'date',
      capabilities: ['date'],
      values: ['string', 'string', 'strings'],
      classes: ['match', 'index'],
      check: (checking, { values: [, part] }) => checkPart(checking, part),
      *run(run, node): Steps<boolean> {
        const [name, part, keys] = node.values;
        const [field] = yield* fieldsOf(run, node, [run.text(name)]);
        const date = field && dateOf(field.raw);
        const values = date === undefined ? [] : [partOf(run, part, momentOf(run, node, date))];
        return yield* matchAny(run, node, values, run.texts(keys));
      },
    },
    {
      name: 'currentdate',
      capabilities: ['date'],
      values: ['string', 'strings'],
      classes: ['match'],
      check: (checking, { values: [part] }) => checkPart(checking, part),
      *run(run, node): Steps<boolean> {
        const [part, keys] = node.values;
        const { nowMs } = run.environment;
        const now = { seconds: Math.floor(nowMs / 1000), zoneMinutes: run.environment.zoneMinutes };
        return yield* matchAny(run, node, [partOf(run, part, momentOf(run, node, now))], run.texts(keys));
      },
    },
  ],
  tags: [
    { name: 'originalzone', of: ['date'], group: 'zone' },
    {
      name: 'zone',
      of: ['date', 'currentdate', 'envelope'],
      capabilities: ['date'],
      value: 'string',
      group: 'zone',
      check(checking, value) {
        if (typeof value === 'string' && zoneMinutes(value) === undefined)
          checking.fail('a zone is written as "+0200" or "-0500"');
      },
    },
  ],
};

const INDEX_TAGS: readonly TagDefinition[] = [
  {
    name: 'index',
    of: ['index'],
    capabilities: ['index'],
    value: 'number',
    check(checking, value) {
      if (value === 0) checking.fail('":index" counts from 1');
    },
  },
  { name: 'last', of: ['index'], capabilities: ['index'], needs: 'index' },
];

export const INDEX: Extension = { rfc: 5260, capabilities: ['index'], tags: INDEX_TAGS };

function checkPart(checking: Checking, part: Value | undefined): void {
  if (typeof part === 'string' && !DATE_PARTS.has(part.toLowerCase()))
    checking.fail(`a date has no part "${part}"; there are ${[...DATE_PARTS.keys()].join(', ')}`);
}

function partOf(run: Run, part: Value | undefined, moment: Moment): string {
  const name = run.text(part);
  const read = DATE_PARTS.get(name.toLowerCase());
  if (read === undefined) throw new RunFault(`a date has no part "${name.slice(0, 100)}"`);
  return read(moment);
}

/** The whole field, or what stands behind its last semicolon (RFC 5260 §4). */
function dateOf(raw: Buffer): MailDate | undefined {
  const text = unfold(raw);
  return parseDateTime(text) ?? parseDateTime(text.slice(text.lastIndexOf(';') + 1));
}

/** In the zone that is asked for; else in that of the server. */
export function momentOf(run: Run, { tags }: Node, date: Moment): Moment {
  if (tags.originalzone !== undefined) return date;
  if (tags.zone === undefined) return { seconds: date.seconds, zoneMinutes: run.environment.zoneMinutes };
  const zone = zoneMinutes(run.text(tags.zone));
  if (zone === undefined) throw new RunFault('a zone is written as "+0200" or "-0500"');
  return { seconds: date.seconds, zoneMinutes: zone };
}
