/** Messages against a real DNS server on loopback: what is found out, what is to become of them, and what it costs. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Answer as Packed } from 'dns-packet';
import fc from 'fast-check';
import { type Behaviour, record, startDns, type TestDns } from '../../test/kit/dns.ts';
import { Resolver } from '../dns/resolver.ts';
import { type CheckedMessage, type CheckSettings, MessageCheck } from './check.ts';
import { makeKey } from './keys.ts';
import { resultsField } from './results-field.ts';
import { sealFields, sealHeader } from './seal.ts';
import { MessageSigner, signHeader, signingKey } from './sign.ts';

const open: TestDns[] = [];
after(() => Promise.all(open.map((dns) => dns.close())));

const NOW = Date.UTC(2026, 10, 20);
const HOST = 'mx.example.net';
const rsa = await makeKey('rsa');
const ed25519 = await makeKey('ed25519');
const KEYS = [
  signingKey('example.com', 'r', rsa.privateKey),
  signingKey('example.com', 'e', ed25519.privateKey),
];
const txt = (name: string, text: string): Packed => record(name, 'TXT', text.match(/.{1,255}/gs));
const ZONE: readonly Packed[] = [
  txt('example.com', 'v=spf1 ip4:192.0.2.1 -all'),
  txt('r._domainkey.example.com', rsa.record),
  txt('e._domainkey.example.com', ed25519.record),
  txt('_dmarc.example.com', 'v=DMARC1; p=reject'),
  txt('_dmarc.cautious.example', 'v=DMARC1; p=quarantine'),
  txt('_dmarc.watching.example', 'v=DMARC1; p=none'),
  txt('list.example', 'v=spf1 ip4:192.0.2.9 -all'),
  txt('s._domainkey.list.example', rsa.record),
];

async function settings(behaviour?: Behaviour, rest: Partial<CheckSettings> = {}): Promise<CheckSettings> {
  const dns = await startDns({ zone: ZONE, ...(behaviour ? { behaviour } : {}) });
  open.push(dns);
  return { dns: new Resolver({ servers: [dns], timeoutMs: 1500, tryMs: 400 }), hostname: HOST, ...rest };
}

const US = { address: '192.0.2.1', helo: 'mail.example.com', mailFrom: 'anna@example.com' };
const STRANGER = { address: '198.51.100.7', helo: 'stranger.example', mailFrom: 'x@stranger.example' };
const letter = (from = 'Anna <anna@example.com>') =>
  `From: ${from}\r\nTo: bo@example.net\r\nSubject: =?utf-8?q?R=C3=A4kning?=\r\nDate: Fri, 20 Nov 2026 10:00:00 +0100\r\n` +
  `Message-ID: <1@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nHi Bo,\r\n\r\nhere it is.  \r\n\r\n`;

async function signed(message: string, keys = KEYS): Promise<string> {
  const at = message.indexOf('\r\n\r\n') + 4;
  const signer = new MessageSigner(Buffer.from(message.slice(0, at)));
  signer.update(Buffer.from(message.slice(at)));
  return (await signer.finish(keys, NOW)) + message;
}

async function check(
  message: string | Buffer,
  client = US,
  given?: CheckSettings,
  step = 1000,
): Promise<CheckedMessage> {
  const one = new MessageCheck(given ?? (await settings()), client);
  const octets = Buffer.from(message);
  for (let at = 0; at < octets.length; at += step) await one.write(octets.subarray(at, at + step));
  return one.finish();
}

const brief = ({ outcomes, verdict }: CheckedMessage): string =>
  [
    ...[`spf=${outcomes.spf.result}`, `dkim=${outcomes.dkim.map(({ result }) => result).join('+')}`],
    ...[`arc=${outcomes.arc.result}`, `dmarc=${outcomes.dmarc.result}`, verdict.action],
  ].join(' ');

describe('mail of ours, checked by us', () => {
  test('is signed by both keys, and comes through however it is cut', async () => {
    const message = await signed(letter());
    const given = await settings();
    for (const step of [1, 7, 1000, 100_000])
      assert.equal(
        brief(await check(message, US, given, step)),
        'spf=pass dkim=pass+pass arc=none dmarc=pass accept',
      );
    const field = resultsField(HOST, (await check(message, US, given)).results);
    assert.match(
      field,
      /^Authentication-Results: mx\.example\.net;\r\n\tspf=pass smtp\.mailfrom=example\.com;/,
    );
    assert.match(field, /dkim=pass header\.d=example\.com header\.i=@example\.com header\.s=r/);
    assert.match(field, /dmarc=pass \(p=REJECT[^)]*\) policy\.dmarc=reject header\.from=example\.com\r\n$/);
  });

  test('with line ends that lost their CR still proves where it comes from', async () => {
    const message = (await signed(letter())).replaceAll('\r\n', '\n');
    assert.equal(brief(await check(message)), 'spf=pass dkim=pass+pass arc=none dmarc=pass accept');
  });

  test('with another From in front, or another word, is found out (RFC 6376 §8.15)', async () => {
    const message = await signed(letter());
    const another = await check(`From: Mallory <m@example.com>\r\n${message}`, STRANGER);
    assert.equal(brief(another), 'spf=none dkim=fail+fail arc=none dmarc=skipped junk');
    const changed = await check(message.replace('here it is', 'there it is'), STRANGER);
    assert.equal(brief(changed), 'spf=none dkim=fail+fail arc=none dmarc=fail reject');
    assert.equal(changed.verdict.enhancedCode, '5.7.26');
    assert.match(changed.verdict.reasons.join('; '), /example\.com asks to refuse such mail/);
  });

  test('without a From is not signed', async () => {
    assert.equal(await signHeader(Buffer.from('Subject: x\r\n\r\n'), 'AAAA', KEYS, NOW), '');
  });
});

test('the message of RFC 8463 §A.3 has two signatures that hold', async () => {
  const name = 'football.example.com';
  const given = await settings((query) => {
    const texts: Record<string, string> = {
      [`brisbane._domainkey.${name}`]: 'v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
      [`test._domainkey.${name}`]:
        'v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB',
    };
    const text = texts[query.name];
    return text === undefined ? undefined : { answers: [txt(query.name, text)] };
  });
  const message = [
    'DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;',
    ' d=football.example.com; i=@football.example.com;',
    ' q=dns/txt; s=brisbane; t=1528637909; h=from : to :',
    ' subject : date : message-id : from : subject : date;',
    ' bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;',
    ' b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus',
    ' Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==',
    'DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;',
    ' d=football.example.com; i=@football.example.com;',
    ' q=dns/txt; s=test; t=1528637909; h=from : to : subject :',
    ' date : message-id : from : subject : date;',
    ' bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;',
    ' b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3',
    ' DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz',
    ' dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=',
    'From: Joe SixPack <joe@football.example.com>',
    'To: Suzie Q <suzie@shopping.example.net>',
    'Subject: Is dinner ready?',
    'Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)',
    'Message-ID: <20030712040037.46341.5F8J@football.example.com>',
    '',
    'Hi.',
    '',
    'We lost the game.  Are you hungry yet?',
    '',
    'Joe.',
    '',
  ].join('\r\n');
  const { outcomes } = await check(message, STRANGER, given);
  assert.deepEqual(
    outcomes.dkim.map(({ result, selector }) => [result, selector]),
    [
      ['pass', 'brisbane'],
      ['pass', 'test'],
    ],
  );
});

describe('what the author’s domain asks for is done', () => {
  const rows: readonly (readonly [from: string, expected: string])[] = [
    ['anna@example.com', 'spf=none dkim=none arc=none dmarc=fail reject'],
    ['Anna <anna@sub.example.com>', 'spf=none dkim=none arc=none dmarc=fail reject'],
    ['c@cautious.example', 'spf=none dkim=none arc=none dmarc=fail junk'],
    ['w@watching.example', 'spf=none dkim=none arc=none dmarc=fail accept'],
    ['n@nothing.example', 'spf=none dkim=none arc=none dmarc=none accept'],
    ['a@example.com, b@cautious.example', 'spf=none dkim=none arc=none dmarc=skipped junk'],
    ['"a@nothing.example" <anna@example.com>', 'spf=none dkim=none arc=none dmarc=fail reject'],
    ['nobody', 'spf=none dkim=none arc=none dmarc=skipped accept'],
    ['group: anna@example.com;', 'spf=none dkim=none arc=none dmarc=fail reject'],
  ];
  for (const [from, expected] of rows)
    test(from, async () => {
      const got = await check(letter(from), STRANGER);
      assert.equal(brief(got).replace('dkim= ', 'dkim=none '), expected);
    });

  test('mail whose author is hidden in a very long header is set apart', async () => {
    const long = `From: ${'x'.repeat(20_000)} <anna@example.com>\r\n\r\nHi\r\n`;
    assert.equal((await check(long, STRANGER)).verdict.action, 'junk');
    const many = `${'X-A: b\r\n'.repeat(3000)}${letter()}`;
    assert.equal((await check(many, STRANGER)).verdict.action, 'junk');
    const huge = `${`X-A: ${'b'.repeat(1000)}\r\n`.repeat(1000)}${letter()}`;
    assert.equal((await check(huge, STRANGER)).verdict.action, 'junk');
  });
});

describe('what the DNS does not say', () => {
  test('in time lets the mail go on', async () => {
    const given = await settings(() => 'silence', { timeoutMs: 500 });
    const began = performance.now();
    const got = await check(await signed(letter()), US, given);
    assert.ok(performance.now() - began < 5000);
    assert.equal(brief(got), 'spf=temperror dkim=temperror+temperror arc=none dmarc=temperror accept');
  });

  test('about the key of a domain that wants refusal makes the mail wait', async () => {
    const given = await settings(({ name }) => (name.includes('_domainkey') ? { rcode: 2 } : undefined));
    const got = await check(await signed(letter()), STRANGER, given);
    assert.equal(brief(got), 'spf=none dkim=temperror+temperror arc=none dmarc=fail defer');
  });

  test('about keys of others does not spare mail that is not authentic', async () => {
    const given = await settings(({ name }) => (name.includes('stranger') ? 'silence' : undefined), {
      timeoutMs: 600,
    });
    const foreign = signingKey('stranger.example', 's', rsa.privateKey);
    const got = await check(await signed(letter(), Array(10).fill(foreign)), STRANGER, given);
    assert.equal(got.verdict.action, 'reject');
  });
});

describe('limits', () => {
  test('ten signatures are checked, the rest is said', async () => {
    const message = await signed(letter(), Array(30).fill(KEYS[1]));
    const got = await check(message);
    assert.equal(got.outcomes.dkim.length, 10);
    assert.match(resultsField(HOST, got.results), /more or longer signatures than are checked/);
  });

  test('a policy that asks without end is stopped', async () => {
    const dns = await startDns({
      behaviour: ({ name, type }) => {
        if (type === 'MX')
          return {
            answers: Array.from({ length: 10 }, (_, i) =>
              record(name, 'MX', { preference: i, exchange: `a${i}.${name}` }),
            ),
          };
        if (type === 'TXT')
          return {
            answers: [
              txt(
                name,
                `v=spf1 ${'mx:%{i}.a mx:b%{i}.c '.repeat(1)}mx:1.x mx:2.x mx:3.x mx:4.x mx:5.x mx:6.x mx:7.x mx:8.x -all`,
              ),
            ],
          };
        return { answers: [record(name, type, type === 'A' ? '203.0.113.1' : '2001:db8::1')] };
      },
    });
    open.push(dns);
    const given = { dns: new Resolver({ servers: [dns] }), hostname: HOST };
    const got = await check(letter(), US, given);
    assert.match(got.outcomes.spf.result, /temperror|permerror/);
    assert.ok(dns.queries.length <= 100, `${dns.queries.length} questions`);
  });

  test('nothing holds the event loop', async () => {
    const given = await settings();
    await check(await signed(letter()), US, given);
    const fields = [
      `DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=r; h=${'from:x:'.repeat(90)}to; bh=AAAA; b=AAAA\r\n`.repeat(
        400,
      ),
      `Subject: a\r\n${' \r\n'.repeat(100_000)}`,
      `ARC-Seal: i=1; a=rsa-sha256; cv=none; d=example.com; s=r; b=${'A'.repeat(50_000)}\r\n`.repeat(8),
      Array.from({ length: 50 }, (_, i) => arcSet(i + 1, 3000)).join(''),
      `To: ${'a@b.example, '.repeat(30_000)}c@d.example\r\n`,
      `DKIM-Signature: ${'a=b; '.repeat(25_000)}\r\n`.repeat(4),
    ];
    for (const field of fields) {
      const longest = await longestTurn(async () => {
        await check(field + letter(), STRANGER, given, 64 * 1024);
      });
      assert.ok(longest < 60, `${field.slice(0, 30)}: ${longest.toFixed(0)} ms`);
    }
  });
});

function arcSet(i: number, size: number): string {
  const cv = i === 1 ? 'none' : 'pass';
  return (
    `ARC-Seal: i=${i}; a=rsa-sha256; cv=${cv}; d=list.example; s=s; b=${'A'.repeat(size)}\r\n` +
    `ARC-Message-Signature: i=${i}; a=rsa-sha256; d=list.example; s=s; h=from; bh=AA; b=AA\r\n` +
    `ARC-Authentication-Results: i=${i}; list.example; dmarc=pass\r\n`
  );
}

/** In processor time: others may have the processor meanwhile. */
async function longestTurn(work: () => Promise<void>): Promise<number> {
  let longest = 0;
  let last = process.cpuUsage();
  let isOver = false;
  const tick = (): void => {
    const { user, system } = process.cpuUsage(last);
    longest = Math.max(longest, (user + system) / 1000);
    last = process.cpuUsage();
    if (!isOver) setImmediate(tick);
  };
  setImmediate(tick);
  await work();
  isOver = true;
  tick();
  return longest;
}

describe('mail that was passed on', () => {
  const list = signingKey('list.example', 's', rsa.privateKey);
  const passedOn = async (): Promise<string> => {
    const came = await check(await signed(letter()));
    const seal = await sealFields(came, { hostname: 'list.example', key: list, nowMs: NOW });
    assert.match(
      seal,
      /^ARC-Seal: i=1; [\s\S]*ARC-Message-Signature: i=1;[\s\S]*ARC-Authentication-Results: i=1; list\.example;/,
    );
    return seal + (await signed(letter()));
  };
  const FROM_LIST = { address: '192.0.2.9', helo: 'list.example', mailFrom: 'bounces@list.example' };

  test('has a chain that holds', async () => {
    const got = await check(await passedOn(), FROM_LIST);
    assert.equal(brief(got), 'spf=pass dkim=pass+pass arc=pass dmarc=pass accept');
  });

  test('and was changed before it was sealed is taken when the sealer is trusted, and only then', async () => {
    const came = await check(await signed(letter()));
    // What a list does: it changes the subject, and seals what leaves it.
    const changed = letter().replace('Subject: ', 'Subject: [list] ');
    const atList = await check(changed, US);
    const seal = await sealFields(
      { ...atList, results: came.results },
      { hostname: 'list.example', key: list, nowMs: NOW },
    );
    const stranger = await check(seal + changed, FROM_LIST);
    assert.equal(brief(stranger), 'spf=pass dkim= arc=pass dmarc=fail reject');
    const trusting = await settings(undefined, { trustedSealers: ['List.example'] });
    const trusted = await check(seal + changed, FROM_LIST, trusting);
    assert.equal(brief(trusted), 'spf=pass dkim= arc=pass dmarc=fail accept');
    const forged = await check(seal.replace('dmarc=pass', 'dmarc=none') + changed, FROM_LIST, trusting);
    assert.equal(brief(forged), 'spf=pass dkim= arc=fail dmarc=fail reject');
  });

  test('later is sealed with what was found when it came', async () => {
    const given = await settings();
    const keyed = { hostname: HOST, key: list, nowMs: NOW };
    const leave = async (message: string): Promise<string> => {
      const results = resultsField(HOST, (await check(message, US, given)).results);
      const leaving = `${results}X-Loop: a\r\n${message}`;
      const at = leaving.indexOf('\r\n\r\n') + 4;
      const signer = new MessageSigner(Buffer.from(leaving.slice(0, at)));
      signer.update(Buffer.from(leaving.slice(at)));
      return (await sealHeader(Buffer.from(leaving.slice(0, at)), signer.bodyHash, keyed)) + leaving;
    };
    const once = await leave(await signed(letter()));
    assert.match(once, /ARC-Authentication-Results: i=1; mx\.example\.net;\s+spf=pass/);
    assert.equal(
      brief(await check(once, FROM_LIST, given)),
      'spf=pass dkim=pass+pass arc=pass dmarc=pass accept',
    );
    const twice = await check(await leave(once), FROM_LIST, given);
    assert.deepEqual([twice.outcomes.arc.result, twice.outcomes.arc.sealers.length], ['pass', 2]);
    const broken = await leave(once.replace('b=', 'b=A'));
    assert.match(broken, /^ARC-Seal: i=2; [^;]*; [^;]*; cv=fail;/);
    assert.equal((await check(broken, FROM_LIST, given)).outcomes.arc.result, 'fail');
    const forged = `Received: from x\r\n${once.slice(once.indexOf('Authentication-Results: mx'))}`;
    assert.equal(
      await sealHeader(Buffer.from(forged), 'AAAA', keyed),
      '',
      'somebody else says it in our name',
    );
    const unchecked = Buffer.from(await signed(letter()));
    assert.equal(await sealHeader(unchecked, 'AAAA', keyed), '', 'nothing was found out about it');
  });

  test('twice has two sets', async () => {
    const once = await passedOn();
    const got = await check(once, FROM_LIST);
    const seal = await sealFields(got, { hostname: HOST, key: list, nowMs: NOW });
    const twice = await check(seal + once, FROM_LIST);
    assert.equal(twice.outcomes.arc.result, 'pass');
    assert.equal(twice.outcomes.arc.sealers.length, 2);
  });
});

test('a report is judged by who delivers it (RFC 7208 §2.4)', async () => {
  const given = await settings((query) =>
    query.name === 'mail.example.com' && query.type === 'TXT'
      ? { answers: [txt(query.name, 'v=spf1 ip4:192.0.2.1 -all')] }
      : undefined,
  );
  const got = await check(letter('mailer-daemon@mail.example.com'), { ...US, mailFrom: '' }, given);
  assert.equal(got.outcomes.spf.result, 'pass');
  assert.match(resultsField(HOST, got.results), /spf=pass smtp\.helo=mail\.example\.com/);
});

test('whatever a message is, there is a verdict, and it is never that a forged one is authentic', async () => {
  const given = await settings();
  const whole = Buffer.from(await signed(letter()));
  const words = [
    ...[
      'DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=r; h=from; bh=; b=',
      'ARC-Seal: i=1; cv=none; a=',
      '\r\n',
    ],
    ...[
      'From: ',
      'anna@example.com',
      '\r\n\r\n',
      ' \t',
      ';;;===',
      '\u0000',
      'i=999999999999',
      'h=from:from:from',
    ],
    ...[
      'ARC-Message-Signature: i=1; bh=;',
      'ARC-Authentication-Results: i=1; x',
      '\n',
      '\r',
      '"(((',
      'l=-1;',
      'x=1',
    ],
  ];
  const garbage = fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((parts) => parts.join(''));
  await fc.assert(
    fc.asyncProperty(garbage, fc.integer({ min: 1, max: 400 }), async (text, step) => {
      const { verdict, outcomes } = await check(Buffer.from(text, 'latin1'), STRANGER, given, step);
      assert.ok(['accept', 'junk', 'reject', 'defer'].includes(verdict.action) && verdict.reasons.length > 0);
      assert.notEqual(outcomes.dmarc.result, 'pass', JSON.stringify(text));
    }),
    { numRuns: 300 },
  );
  const from = whole.indexOf('From: ');
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (place, change) => {
      const octets = Buffer.from(whole);
      octets[place] = (octets[place] as number) ^ change;
      const { outcomes } = await check(octets, STRANGER, given, 5000);
      // White space and the case of names may change, and what is signed twice stands twice.
      if (place < from || outcomes.dmarc.result !== 'pass') return;
      const relaxed = (text: Buffer) => text.toString('latin1').toLowerCase().replace(/\s+/g, '');
      assert.equal(relaxed(octets), relaxed(whole), `${place} ${change}`);
    }),
    { numRuns: 300 },
  );
});
