/**
 * DANE for outgoing mail (RFC 7672) over a real resolver that validates a signed zone: its word decides whether a TLSA record is believed,
 * and what somebody has changed on the way is neither believed nor taken for an absence.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Resolver } from '../src/dns/resolver.ts';
import type { TlsObservation } from '../src/feedback/observation.ts';
import { makePair } from '../src/net/self-signed.ts';
import { needs } from './clients/program.ts';
import { keyDigest } from './kit/key-digest.ts';
import { type NextHop, startNextHop } from './kit/next-hop.ts';
import { FAST, openQueue, type QueueKit } from './kit/queue.ts';
import { type SignedZone, serveZone, signZone, startResolver, type Unbound } from './kit/unbound.ts';

const ZONE = 'example.org';
const HOST = '127.0.0.1';
/** One attempt is what is looked at. */
const PATIENT = { ...FAST, gapsMs: [600_000], giveUpMs: 3_600_000 };
const WAIT_MS = 30_000;
const SOMEBODY_ELSE = 'ab'.repeat(32);

type Asking = Pick<QueueKit, 'send' | 'kit'>;

describe('DANE over a resolver', { ...needs('unbound', 'ldns-signzone'), timeout: 120_000 }, () => {
  const opened: { close(): Promise<void> }[] = [];
  const open = async <T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> => {
    const it = await opening;
    opened.unshift(it);
    return it;
  };
  let hop: NextHop;
  let ours: string;
  let validating: Resolver;
  let believing: QueueKit;
  let doubting: QueueKit;
  /** As they are counted for the reports to the domains. */
  const observed: TlsObservation[] = [];

  before(async () => {
    const pair = await makePair(`mx.${ZONE}`);
    ours = keyDigest(pair.certificate).toString('hex');
    hop = await open(startNextHop({ tls: pair }));
    const signed = await signZone(ZONE, linesOf(ours, hop.port));
    const authority = await open(serveZone({ name: ZONE, text: changedOnTheWay(signed, ours) }));
    const [believer, doubter] = await Promise.all([
      open(startResolver(ZONE, authority, signed.anchor)),
      open(startResolver(ZONE, authority)),
    ]);
    validating = asking(believer);
    const counter = { session: (one: TlsObservation) => void observed.push(one) };
    const options = { port: hop.port, schedule: PATIENT, counter };
    believing = await open(openQueue({ ...options, dns: validating }));
    doubting = await open(openQueue({ ...options, dns: asking(doubter) }));
  });
  after(async () => {
    for (const one of opened) await one.close();
  });

  const taken = (address: string) => hop.mails.filter((mail) => mail.recipients[0]?.address === address);
  const policiesOf = (host: string) =>
    observed.filter((one) => one.domain === `${host}.${ZONE}`).map((one) => one.policy.type);
  const tlsaOf = (host: string) => `_${hop.port}._tcp.mx.${host}.${ZONE}`;

  it('gives the message to the server whose certificate the signed record names', async () => {
    const answer = await validating.ask(tlsaOf('right'), 'TLSA');
    assert.equal(answer.kind === 'found' && answer.isSecure, true);
    assert.equal(await fateOf(believing, 'bo@right.example.org'), 'sent');
    assert.deepEqual(
      taken('bo@right.example.org').map((mail) => mail.isSecure),
      [true],
    );
    assert.deepEqual(policiesOf('right'), ['tlsa']);
  });

  it('keeps it from a server with another certificate, and says why', async () => {
    const said = await fateOf(believing, 'bo@wrong.example.org');
    assert.match(said, /4\.7\.5 mx\.wrong\.example\.org has another certificate than DANE of mx\.wrong\./);
    assert.deepEqual(taken('bo@wrong.example.org'), []);
  });

  it('asks for no proof where it is proven that there is no record (NSEC, RFC 4035 §5.4)', async () => {
    assert.deepEqual(await validating.ask(tlsaOf('none'), 'TLSA'), { kind: 'nxdomain', isSecure: true });
    assert.equal(await fateOf(believing, 'bo@none.example.org'), 'sent');
    assert.equal(taken('bo@none.example.org')[0]?.isSecure, true);
    assert.deepEqual(policiesOf('none'), ['no-policy-found']);
  });

  it('does not believe the same record of a resolver that does not validate', async () => {
    assert.equal(await fateOf(doubting, 'carl@wrong.example.org'), 'sent');
    assert.equal(taken('carl@wrong.example.org')[0]?.isSecure, true, 'TLS as there is');
    assert.equal(policiesOf('wrong').at(-1), 'no-policy-found');
  });

  for (const [host, what] of [
    ['changed', 'a record that fits and is not what was signed'],
    ['stripped', 'a record that was taken away'],
    ['moved', 'an MX record that leads elsewhere than what was signed'],
  ] as const)
    it(`waits at ${what}: not even with TLS it is sent`, async () => {
      const before = hop.connections;
      const said = await fateOf(believing, `bo@${host}.example.org`);
      assert.match(said, /^4\.\d\.\d .*SERVFAIL/);
      assert.equal(hop.connections, before, 'nobody was spoken to');
      // Whoever does not validate is led astray by it.
      assert.equal(await fateOf(doubting, `carl@${host}.example.org`), 'sent');
    });
});

/** Each host a domain of its own, all of them the next hop. */
function linesOf(ours: string, port: number): readonly string[] {
  const digests = { right: ours, wrong: SOMEBODY_ELSE, changed: SOMEBODY_ELSE, stripped: SOMEBODY_ELSE };
  const hosts = [...Object.keys(digests), 'none', 'moved'];
  return [
    ...hosts.flatMap((host) => [`${host} IN MX 10 mx.${host}`, `mx.${host} IN A ${HOST}`]),
    ...Object.entries(digests).map(([host, digest]) => `_${port}._tcp.mx.${host} IN TLSA 3 1 1 ${digest}`),
  ];
}

/** What somebody between the zone and us can do who does not have its key. */
function changedOnTheWay({ text }: SignedZone, ours: string): string {
  return text
    .split('\n')
    .filter((line) => !/^_\d+\._tcp\.mx\.stripped\.\S+\t.*\t(RRSIG\t)?TLSA\b/.test(line))
    .map((line) => (/^_\d+\._tcp\.mx\.changed\./.test(line) ? line.replace(SOMEBODY_ELSE, ours) : line))
    .map((line) => (/^moved\.\S+\t\d+\tIN\tMX\t/.test(line) ? line.replace('mx.moved.', 'mx.none.') : line))
    .join('\n');
}

function asking({ host, port }: Unbound): Resolver {
  return new Resolver({ servers: [{ host, port }] });
}

/** After its first attempt: `sent`, or what the queue says of whoever did not get it. */
async function fateOf({ send, kit }: Asking, address: string): Promise<string> {
  const id = await send([address]);
  for (const endMs = performance.now() + WAIT_MS; performance.now() < endMs; await pause(10)) {
    const [mail] = await kit.store.outgoing.load([id]);
    if (mail === undefined) return 'sent';
    const [{ state, lastReply = '' } = { state: '' }] = mail.recipients;
    if (lastReply !== '') {
      assert.equal(state, 'waiting');
      return lastReply;
    }
  }
  throw new Error(`no attempt for ${address}`);
}
