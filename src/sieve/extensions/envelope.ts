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
import { MODE_WORDS, NOTIFY_WORDS, RET_WORDS } from './redirect.ts';

type Reader = (run: Run, node: Node, envelope: Envelope) => string | undefined;

interface EnvelopePart {
  readonly capability?: string;
  readonly read: Reader;
  /** How many addresses it is, also where they lack what is asked for of them (RFC 5231 §4.2); otherwise the values are counted. */
  readonly addresses?: (envelope: Envelope) => number;
}

/** What can be asked for, and what must be required for it. */
const PARTS: ReadonlyMap<string, EnvelopePart> = new Map<string, EnvelopePart>([
  [
    'from',
    {
      read: (run, node, { from }) => pathPart(run, node, from),
      addresses: ({ from }) => (from === '' ? 0 : 1),
    },
  ],
  ['to', { read: (run, node, { to }) => pathPart(run, node, to), addresses: () => 1 }],
  ...(['notify', 'orcpt', 'ret', 'envid'] as const).map((name): [string, EnvelopePart] => [
    name,
    { capability: 'envelope-dsn', read: (_, __, envelope) => envelope[name] },
  ]),
  ['bytimeabsolute', deliverBy(({ untilMs }) => new Date(untilMs).toISOString().replace(/\.\d+Z$/, 'Z'))],
  ['bytimerelative', deliverBy(({ untilMs }, nowMs) => String(Math.round((untilMs - nowMs) / 1000)))],
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
      check(checking, { values: [names] }) {
        for (const name of Array.isArray(names) ? (names as readonly unknown[]) : []) {
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
          const value = envelope && part.read(run, node, envelope);
          if (value !== undefined) values.push(value);
          count += (envelope && part.addresses?.(envelope)) ?? (value === undefined ? 0 : 1);
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

function deliverBy(read: (by: NonNullable<Envelope['byTime']>, nowMs: number) => string): EnvelopePart {
  return {
    capability: 'envelope-deliverby',
    read: ({ environment }, _, { byTime }) => byTime && read(byTime, environment.nowMs),
  };
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
