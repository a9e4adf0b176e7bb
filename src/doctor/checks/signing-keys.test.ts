import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeySummary } from '../../admin/admin.ts';
import type { Answer } from '../../dns/answer.ts';
import { wantedRecords } from '../wanted-records.ts';
import type { World } from '../world.ts';
import { judge, keyLine, signingKeys } from './signing-keys.ts';

const NAME = 'b202611r._domainkey.example.org';
const RECORD = `v=DKIM1; k=rsa; p=${'A'.repeat(392)}`;
const found = (...records: string[]): Answer<'TXT'> => ({
  kind: 'found',
  records,
  name: NAME,
  isSecure: false,
});
const none: Answer<'TXT'> = { kind: 'nodata', isSecure: false };
const aKey = (state: KeySummary['state']): KeySummary => ({
  ...{ selector: 'b202611r', algorithm: 'rsa', record: RECORD, state, sinceMs: Date.parse('2026-11-01') },
});

test('what each key asks of the DNS', () => {
  const rows: readonly (readonly [KeySummary['state'], Answer<'TXT'>, RegExp])[] = [
    ['waiting', none, /^warn: none; publish this/],
    ['waiting', found(RECORD), /^ok: there; it signs after another look/],
    ['waiting', found('v=DKIM1; p=BBBB'), /^warn: another key; publish this/],
    ['active', found('v=spf1 -all', RECORD.replaceAll(' ', '')), /^ok: there, and it signs/],
    ['active', none, /^fail: none; publish this: mail is signed with a key that nobody finds/],
    ['retiring', found(RECORD), /^ok: there; it signs no more and stays until 2026-11-08/],
    ['retiring', none, /^warn: none; publish this again until 2026-11-08/],
    ['retired', found(RECORD), /^warn: there; take the record out/],
    ['retired', none, /^ok: gone/],
    ['active', { kind: 'timeout', detail: 'nobody' }, /^unknown: no answer: nobody/],
  ];
  for (const [state, answer, expected] of rows) {
    const outcome = judge(NAME, aKey(state), answer);
    const remedy = outcome.verdict === 'ok' ? '' : `; ${outcome.remedy}`;
    assert.match(`${outcome.verdict}: ${outcome.seen}${remedy}`, expected, state);
  }
});

test('a record of more than 255 octets is several strings in one', () => {
  const line = keyLine(NAME, { record: RECORD });
  const strings = [...line.matchAll(/"([^"]*)"/g)].map(([, text]) => text ?? '');
  assert.match(line, /^b202611r\._domainkey\.example\.org\. IN TXT \( "/);
  assert.ok(strings.length === 2 && strings.every((text) => text.length <= 255));
  assert.equal(strings.join(''), RECORD);
  assert.equal(keyLine(NAME, { record: 'p=' }), `${NAME}. IN TXT "p="`);
});

test('what is to be published is what would be missed, and nobody outside is asked for it', async () => {
  const asked = { ask: async () => assert.fail('the DNS is not asked') };
  const web = async () => assert.fail('no page is asked for');
  const keys = new Map([['example.org', [aKey('waiting')]]]);
  const domains = { kind: 'known', names: ['example.org'], keys } as const;
  const listen = { imaps: { host: '::', port: 993 } };
  const config = { hostname: 'mail.example.com', listen };
  const server = { kind: 'absent' };
  const world = { config, domains, dns: asked, web, server, mtaSts: {}, nowMs: 0 } as unknown as World;
  const records = await wantedRecords(world);
  assert.ok(records.includes('example.org. IN MX 10 mail.example.com.'), records.join('\n'));
  assert.ok(records.includes(keyLine(NAME, { record: RECORD })));
  assert.ok(records.includes('_imaps._tcp.example.org. IN SRV 0 1 993 mail.example.com.'));
  const unknown = { ...world, domains: { kind: 'known', names: ['example.org'] } } as World;
  assert.deepEqual(await signingKeys.run(unknown), []);
});
