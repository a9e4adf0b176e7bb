import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MailboxError } from '../mailbox/model/errors.ts';
import { type AccountRecord, asAccountId } from '../mailbox/model/model.ts';
import { StoreError } from '../mailbox/port/store.ts';
import { Recipients, type RecipientsOptions } from './recipients.ts';

const ACCOUNTS = [
  'anna@example.com',
  'bo@example.com',
  'bo+lists@example.com',
  '+odd@example.com',
  'bo@other.example',
  'jürgen@bücher.example',
];
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  'info@example.com': ['anna@example.com'],
  'sales@example.com': ['info@example.com'],
  'team@example.com': ['anna@example.com', 'sales@example.com', 'bo+work@example.com', 'team@example.com'],
  'all@example.com': ['team@example.com', 'all@other.example'],
  'all@other.example': ['all@example.com', 'Carl.Z@elsewhere.example', 'bo@other.example'],
  'out@example.com': ['carl@elsewhere.example'],
  'dead@example.com': ['gone@example.com', 'gone@other.example'],
  '@other.example': ['@example.com'],
  '@third.example': ['@other.example'],
  '@catch.example': ['anna+catch@example.com', 'bo@example.com'],
  'bo@catch.example': ['bo@example.com'],
  '@round.example': ['@ring.example'],
  '@ring.example': ['@round.example'],
};

function recipients(
  rest: Partial<RecipientsOptions> = {},
  accounts: readonly string[] = ACCOUNTS,
): Recipients {
  const records = accounts.map((address, i) => ({ address, id: asAccountId(i + 1) }) as AccountRecord);
  const domains = new Set([...accounts, ...Object.keys(ALIASES)].map((one) => one.split('@')[1] as string));
  domains.add('row.example');
  const directory = {
    find: async (address: string) => records.find((one) => one.address === address),
    eldest: async () => records[0],
    domains: {
      findAlias: async (address: string) => {
        const targets = ALIASES[address];
        return targets === undefined ? undefined : { address, targets, createdMs: 0 };
      },
      isLocal: async (name: string) => domains.has(name),
    },
  };
  return new Recipients({
    directory,
    defaultDomain: 'example.com',
    separators: '+',
    postmaster: '',
    ...rest,
  });
}

async function shown(asked: Recipients, address: string): Promise<string> {
  const found = await asked.resolve(address);
  if (found.kind !== 'local') return found.kind;
  const deliveries = found.deliveries.map(({ name, detail, via }) =>
    [name, ...(detail === undefined ? [] : [`(${detail})`]), ...(via === name ? [] : [`by ${via}`])].join(
      ' ',
    ),
  );
  return [...deliveries, ...found.forwards.map((forward) => `-> ${forward}`)].join(', ');
}

const ROWS: readonly (readonly [address: string, expected: string])[] = [
  ['anna@example.com', 'anna@example.com'],
  ['ANNA@Example.com.', 'anna@example.com'],
  ['anna', 'anna@example.com'],
  ['"anna"@example.com', 'anna@example.com'],
  ['JU\u0308RGEN@xn--bcher-kva.example', 'jürgen@bücher.example'],
  // RFC 5233: tags.
  ['Anna+News+More@Example.com', 'anna@example.com (news+more) by anna+news+more@example.com'],
  ['anna+@example.com', 'anna@example.com () by anna+@example.com'],
  ['bo+lists@example.com', 'bo+lists@example.com'],
  ['+odd@example.com', '+odd@example.com'],
  ['+other@example.com', 'unknown'],
  ['carl+news@example.com', 'unknown'],
  ['', 'unknown'],
  ['a b@example.com', 'unknown'],
  // Aliases and lists.
  ['info@example.com', 'anna@example.com'],
  ['info+shop@example.com', 'anna@example.com (shop)'],
  ['team@example.com', 'anna@example.com, bo@example.com (work) by bo+work@example.com'],
  [
    'all@example.com',
    'anna@example.com, bo@example.com (work) by bo+work@example.com, bo@other.example, -> Carl.Z@elsewhere.example',
  ],
  ['out@example.com', '-> carl@elsewhere.example'],
  ['out+tag@example.com', '-> carl@elsewhere.example'],
  ['dead@example.com', 'unknown'],
  // A domain that stands for another one.
  ['anna@other.example', 'anna@example.com'],
  ['info+x@third.example', 'anna@example.com (x)'],
  ['bo@other.example', 'bo@other.example'],
  ['bo+x@other.example', 'bo@other.example (x) by bo+x@other.example'],
  ['nobody@third.example', 'unknown'],
  ['anna@round.example', 'unknown'],
  // Whoever takes what nobody has.
  ['anything@catch.example', 'anna@example.com (catch) by anna+catch@example.com, bo@example.com'],
  ['bo+x@catch.example', 'bo@example.com (x)'],
  // Not here.
  ['anna@elsewhere.example', 'foreign'],
  ['anna@row.example', 'unknown'],
  ['postmaster@elsewhere.example', 'foreign'],
  // RFC 5321 §4.5.1.
  ['postmaster', 'anna@example.com by postmaster@example.com'],
  ['Postmaster@row.example', 'anna@example.com by postmaster@row.example'],
  ['postmaster@third.example', 'anna@example.com by postmaster@third.example'],
  ['postmaster@catch.example', 'anna@example.com (catch) by anna+catch@example.com, bo@example.com'],
];

for (const [address, expected] of ROWS)
  test(`${address || '(nothing)'}: ${expected}`, async () => {
    assert.equal(await shown(recipients(), address), expected);
  });

test('postmaster is who the configuration says, as long as that is somebody', async () => {
  const named = recipients({ postmaster: 'sales' });
  assert.equal(await shown(named, 'postmaster@row.example'), 'anna@example.com');
  const bo = recipients({ postmaster: 'bo@example.com' });
  assert.equal(await shown(bo, 'postmaster@catch.example'), 'bo@example.com');
  assert.equal(await shown(bo, 'postmaster@other.example'), 'bo@example.com');
  const gone = recipients({ postmaster: 'gone@example.com' });
  assert.equal(await shown(gone, 'postmaster'), 'anna@example.com by postmaster@example.com');
  const empty = recipients({ defaultDomain: 'mail.example' }, []);
  assert.equal(await shown(empty, 'postmaster'), 'unknown');
});

test('mail for an address that nobody has is not for other servers', async () => {
  const asked = recipients();
  assert.equal(await asked.routeOf('anna@example.com'), 'local');
  assert.equal(await asked.routeOf('nobody@example.com'), 'local');
  assert.equal(await asked.routeOf('anna@elsewhere.example'), 'remote');
});

test('mail that nobody here receives is in the hands of the postmaster, or of whoever was here first', async () => {
  const care = async (asked: Recipients, domain: string) => (await asked.caretakerOf(domain))?.name;
  assert.equal(await care(recipients({ postmaster: 'bo@example.com' }), 'row.example'), 'bo@example.com');
  assert.equal(
    await care(recipients({ postmaster: 'x@elsewhere.example' }), 'row.example'),
    'anna@example.com',
  );
  assert.equal(await care(recipients(), 'elsewhere.example'), 'anna@example.com');
  assert.equal(await care(recipients({}, []), 'example.com'), undefined);
});

test('which characters begin a tag is configured', async () => {
  const dash = recipients({ separators: '-=' });
  assert.equal(await shown(dash, 'anna-a=b@example.com'), 'anna@example.com (a=b) by anna-a=b@example.com');
  assert.equal(await shown(dash, 'anna+news@example.com'), 'unknown');
  assert.equal(await shown(recipients({ separators: '' }), 'anna+news@example.com'), 'unknown');
});

test('a list that grows without an end is refused, and one of aliases that lead on and on ends', async () => {
  const many = Array.from({ length: 1001 }, (_, i) => `m${i}@elsewhere.example`);
  const chain = (address: string) => {
    const [, n] = /^chain(\d+)@/.exec(address) ?? [];
    return n === undefined ? undefined : [`chain${Number(n) + 1}@example.com`];
  };
  const findAlias = async (address: string) => {
    const targets = address === 'many@example.com' ? many : chain(address);
    return targets === undefined ? undefined : { address, targets, createdMs: 0 };
  };
  const isLocal = async (name: string) => name === 'example.com';
  const find = async () => undefined;
  const asked = recipients({ directory: { find, eldest: find, domains: { findAlias, isLocal } } });
  await assert.rejects(
    asked.resolve('many@example.com'),
    (error) => error instanceof MailboxError && error.code === 'limit',
  );
  assert.equal(await shown(asked, 'chain0@example.com'), 'unknown');
});

test('what cannot be known is not denied', async () => {
  const unknowing = async () => {
    throw new StoreError('io', 'made up');
  };
  const domains = { findAlias: unknowing, isLocal: async () => true };
  const asked = recipients({ directory: { find: async () => undefined, eldest: unknowing, domains } });
  await assert.rejects(asked.resolve('anna@example.com'), { code: 'io' });
});
