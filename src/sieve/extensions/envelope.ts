/**
 * The test `envelope` (RFC 5228 §5.4) with what RFC 6009 adds to it. The null sender is the empty string, whatever part of the address
 * is asked for.
 */
import type { Extension, TagDefinition } from '../compile/language.ts';
import type { Node } from '../compile/script.ts';
import type { Envelope } from '../environment.ts';
import { matchAny } from '../matching/match.ts';
import { readAddress } from '../message/fields.ts';
import { RunFault } from '../run/budget.ts';
import type { Run } from '../run/run.ts';
import type { Steps } from '../run/steps.ts';
import { addressPart } from './address-parts.ts';
import { momentOf } from './date.ts';
import { iso8601 } from './date-parts.ts';
import { MODE_WORDS, NOTIFY_WORDS, RET_WORDS } from './redirect.ts';

/** None: it was not said. */
type Reader = (run: Run, node: Node, envelope: Envelope) => readonly string[];

interface EnvelopePart {
  readonly capability?: string;
  readonly read: Reader;
  /** How many addresses it is, also where they lack what is asked for of them (RFC 5231 §4.2); otherwise the values are counted. */
  readonly addresses?: (envelope: Envelope) => number;
}

const ABSOLUTE = 'bytimeabsolute';

/** What can be asked for, and what must be required for it. */
const PARTS: ReadonlyMap<string, EnvelopePart> = new Map<string, EnvelopePart>([
  [
    'from',
    {
      read: (run, node, { from }) => some(pathPart(run, node, from)),
      addresses: ({ from }) => (from === '' ? 0 : 1),
    },
  ],
  ['to', { read: (run, node, { to }) => some(pathPart(run, node, to)), addresses: () => 1 }],
  // RFC 6009 §3: each of the words is one.
  ['notify', { capability: 'envelope-dsn', read: (_, __, { notify }) => notify?.split(',') ?? [] }],
  ...(['orcpt', 'ret', 'envid'] as const).map((name): [string, EnvelopePart] => [
    name,
    { capability: 'envelope-dsn', read: (_, __, envelope) => some(envelope[name]) },
  ]),
  [ABSOLUTE, deliverBy(({ untilMs }, run, node) => absolute(run, node, untilMs))],
  ['bytimerelative', deliverBy(({ untilMs }, run) => String(secondsLeft(run, untilMs)))],
  ['bymode', deliverBy(({ mode }) => mode)],
  ['bytrace', deliverBy(({ isTraced }) => (isTraced ? 'true' : 'false'))],
]);

export const ENVELOPE: Extension = {
  rfc: 5228,
  capabilities: ['envelope'],
  tests: [
    {
      name: 'envelope',
      capabilities: ['envelope'],
      values: ['strings', 'strings'],
      classes: ['match', 'address-part'],
      check(checking, { values: [names], tags }) {
        const asked: readonly unknown[] = Array.isArray(names) ? names : [];
        const mayBeAbsolute = asked.some(
          (name) => typeof name !== 'string' || name.toLowerCase() === ABSOLUTE,
        );
        if (tags.zone !== undefined && !mayBeAbsolute) checking.fail(`":zone" is for "${ABSOLUTE}" alone`);
        for (const name of asked) {
          if (typeof name !== 'string') continue;
          const part = PARTS.get(name.toLowerCase());
          if (part === undefined) checking.unknown(`an envelope has no part "${name}"`);
          const capability = part?.capability;
          if (capability !== undefined && !checking.has(capability))
            checking.unknown(`"${name}" needs require "${capability}"`);
          if (capability !== undefined) checking.use(capability);
        }
      },
      *run(run, node): Steps<boolean> {
        const { envelope, items } = run.environment;
        // RFC 6785 §4.6.
        if (envelope === undefined && items.get('imap.cause') !== undefined)
          throw new RunFault('there is no envelope: no mail is delivered');
        const values: string[] = [];
        let count = 0;
        for (const name of run.texts(node.values[0])) {
          const part = PARTS.get(name.toLowerCase());
          if (part === undefined) throw new RunFault(`an envelope has no part "${name.slice(0, 100)}"`);
          const read = envelope === undefined ? [] : part.read(run, node, envelope);
          values.push(...read);
          count += (envelope && part.addresses?.(envelope)) ?? read.length;
        }
        return yield* matchAny(run, node, values, run.texts(node.values[1]), count);
      },
    },
  ],
};

function pathPart(run: Run, node: Node, path: string): string | undefined {
  if (path === '') return '';
  const at = path.lastIndexOf('@');
  const address = readAddress(path) ?? {
    local: at < 0 ? path : path.slice(0, at),
    domain: at < 0 ? '' : path.slice(at + 1),
  };
  return addressPart(run, node, address);
}

function some(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}

function deliverBy(
  read: (by: NonNullable<Envelope['byTime']>, run: Run, node: Node) => string,
): EnvelopePart {
  return {
    capability: 'envelope-deliverby',
    read: (run, node, { byTime }) => some(byTime && read(byTime, run, node)),
  };
}

function secondsLeft({ environment: { nowMs } }: Run, untilMs: number): number {
  return Math.round((untilMs - nowMs) / 1000);
}

/** RFC 6009 §5: as `currentdate "iso8601"` says it, so that the two can be compared. */
function absolute(run: Run, node: Node, untilMs: number): string {
  const date = { seconds: Math.floor(untilMs / 1000), zoneMinutes: 0 };
  return iso8601(momentOf(run, node, date));
}

export const SUBADDRESS: Extension = {
  rfc: 5233,
  capabilities: ['subaddress'],
  tags: ['user', 'detail'].map((name) => ({
    name,
    of: ['address-part'],
    capabilities: ['subaddress'],
    group: 'part of the address',
  })),
};

const REDIRECT_TAGS: readonly TagDefinition[] = [
  {
    name: 'notify',
    of: ['redirect'],
    capabilities: ['redirect-dsn'],
    value: 'string',
    check: (checking, value) => {
      if (typeof value === 'string' && !NOTIFY_WORDS.test(value))
        checking.fail('":notify" is NEVER, or SUCCESS, FAILURE and DELAY with commas');
    },
  },
  {
    name: 'ret',
    of: ['redirect'],
    capabilities: ['redirect-dsn'],
    value: 'string',
    check: (checking, value) => {
      if (typeof value === 'string' && !RET_WORDS.test(value)) checking.fail('":ret" is FULL or HDRS');
    },
  },
  {
    name: 'bytimerelative',
    of: ['redirect'],
    capabilities: ['redirect-deliverby'],
    value: 'number',
    group: 'time',
  },
  {
    name: 'bytimeabsolute',
    of: ['redirect'],
    capabilities: ['redirect-deliverby'],
    value: 'string',
    group: 'time',
    check: (checking, value) => {
      if (typeof value === 'string' && Number.isNaN(Date.parse(value)))
        checking.fail('":bytimeabsolute" is a date and time such as 2026-05-01T12:00:00Z');
    },
  },
  {
    name: 'bymode',
    of: ['redirect'],
    capabilities: ['redirect-deliverby'],
    value: 'string',
    check: (checking, value, { tags }) => {
      if (typeof value === 'string' && !MODE_WORDS.test(value))
        checking.fail('":bymode" is notify or return');
      if (tags.bytimerelative === undefined && tags.bytimeabsolute === undefined)
        checking.fail('":bymode" without a time');
    },
  },
  { name: 'bytrace', of: ['redirect'], capabilities: ['redirect-deliverby'] },
];

/** RFC 6009: the parameters of DSN in `envelope` and `redirect`. */
export const DSN: Extension = {
  rfc: 6009,
  capabilities: ['envelope-dsn', 'redirect-dsn'],
  tags: REDIRECT_TAGS.filter(({ capabilities }) => capabilities?.includes('redirect-dsn')),
};

/** RFC 6009: the same of DELIVERBY. */
export const DELIVER_BY: Extension = {
  rfc: 6009,
  capabilities: ['envelope-deliverby', 'redirect-deliverby'],
  tags: REDIRECT_TAGS.filter(({ capabilities }) => capabilities?.includes('redirect-deliverby')),
};
