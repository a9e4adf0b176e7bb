import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DecodedPacket, decode, encode } from 'dns-packet';
import fc from 'fast-check';
import { record, soa } from '../../test/kit/dns.ts';
import type { RecordType } from './answer.ts';
import { encodeQuestion, judge, readReply } from './message.ts';

const TYPES: readonly RecordType[] = ['A', 'AAAA', 'CAA', 'MX', 'NS', 'PTR', 'SRV', 'TLSA', 'TXT'];
const asked = { id: 7, name: 'example.com', type: 'MX' } as const;

test('a question wants recursion, validation and EDNS(0) (RFC 6840 §5.7)', () => {
  const packet = decode(encodeQuestion(asked));
  assert.ok(packet.flag_rd && packet.flag_ad && !packet.flag_cd);
  assert.deepEqual(packet.questions, [{ name: 'example.com', type: 'MX', class: 'IN' }]);
  assert.equal(packet.additionals?.[0]?.type, 'OPT');
  assert.deepEqual(decode(encodeQuestion(asked, { hasEdns: false })).additionals, []);
});

test('whatever comes is read or is no reply, and never an exception', () => {
  const replies = TYPES.map((type) =>
    encode({
      type: 'response',
      id: 7,
      questions: [{ name: 'example.com', type }],
      answers: [
        record('example.com', 'CNAME', 'b.example'),
        record('b.example', 'A', '192.0.2.1'),
        record('b.example', 'AAAA', '2001:db8::1'),
        record('b.example', 'MX', { preference: 1, exchange: 'mx.example' }),
        record('b.example', 'SRV', { port: 1, target: 'mx.example' }),
        record('b.example', 'TXT', ['a', 'b']),
        record('b.example', 'CAA', { flags: 0, tag: 'issue', value: 'x' }),
        record('b.example', 'TLSA', {
          ...{ usage: 3, selector: 1, matchingType: 1 },
          certificate: Buffer.from('0102', 'hex'),
        }),
      ],
      authorities: [soa('example.com')],
    }),
  );
  const change = fc.tuple(fc.nat(), fc.nat(255));
  fc.assert(
    fc.property(
      fc.nat(TYPES.length - 1),
      fc.array(change, { maxLength: 4 }),
      fc.nat(400),
      (at, changes, cut) => {
        const octets = Buffer.from(replies[at] as Buffer);
        for (const [place, value] of changes) octets[place % octets.length] = value;
        const type = TYPES[at] as RecordType;
        const whole = cut < 200 ? octets : octets.subarray(0, octets.length - (cut - 200));
        const packet = readReply(whole, { id: 7, name: 'example.com', type });
        if (packet !== undefined) judge(packet, { name: 'example.com', type });
      },
    ),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => !readReply(Buffer.from(octets), asked)),
  );
});

test('addresses that are none are left out', () => {
  const packet = {
    flags: 0,
    flag_ad: false,
    answers: [record('example.com', 'A', 'undefined.1.2.3'), record('example.com', 'A', '192.0.2.1')],
  } as unknown as DecodedPacket;
  const verdict = judge(packet, { name: 'example.com', type: 'A' });
  assert.ok(verdict.kind === 'answer' && verdict.answer.kind === 'found');
  assert.deepEqual(verdict.answer.records, ['192.0.2.1']);
});

test('an alias itself can be asked for; then it is not followed', () => {
  const packet = {
    ...{ flags: 0, flag_ad: false },
    answers: [record('example.com', 'CNAME', 'B.example'), record('b.example', 'A', '192.0.2.1')],
  } as unknown as DecodedPacket;
  const verdict = judge(packet, { name: 'example.com', type: 'CNAME' });
  assert.ok(verdict.kind === 'answer' && verdict.answer.kind === 'found');
  assert.deepEqual(verdict.answer.records, ['b.example']);
});
