/** What `brevduva sieve test` tells a person about a script and a message. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { endLaunched, launch } from '../kit/launch.ts';
import type { CommandResult } from '../kit/server.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-sieve-'));
after(endLaunched);
after(() => rmSync(root, { recursive: true, force: true }));

const MESSAGE = [
  'Return-Path: <coyote@desert.example.org>',
  'From: coyote@desert.example.org',
  'To: roadrunner@acme.example.com',
  'Subject: I have a present for you',
  '',
  'Hello',
  '',
].join('\r\n');

function file(name: string, content: string): string {
  const path = join(root, name);
  writeFileSync(path, content);
  return path;
}

async function sieveTest(script: string, ...options: readonly string[]): Promise<CommandResult> {
  const files = [file('script.sieve', script), file('message.eml', MESSAGE)];
  const run = launch(['sieve', 'test', ...files, ...options]);
  run.child.stdin?.end();
  const { code } = await run.ended();
  return { code, stdout: run.stdout, stderr: run.stderr };
}

describe('a script and a message', () => {
  test('what would happen, and why', async () => {
    const { code, stdout } = await sieveTest(
      [
        'require ["fileinto", "editheader", "vacation", "copy"];',
        'if allof (header :contains "subject" "present",',
        '          size :under 1K) {',
        '  addheader "X-Sorted" "present";',
        '  fileinto "Presents";',
        '} else {',
        '  discard;',
        '}',
        'vacation :days 3 "Thank you!";',
        'redirect :copy "bo@example.net";',
      ].join('\n'),
      '--trace',
    );
    assert.equal(code, 0);
    assert.deepEqual(stdout.split('\n'), [
      'The message, 152 octets, from <coyote@desert.example.org> to <roadrunner@acme.example.com>:',
      '  2:11    true   header :contains "subject" "present"',
      '  3:11    true   size :under 1K',
      '  2:4     true   allof (header :contains "subject" "present", size :under 1K)',
      '  4:3     do     addheader "X-Sorted" "present"',
      '  5:3     do     fileinto "Presents"',
      '  9:1     do     vacation :days 3 "Thank you!"',
      '  10:1    do     redirect :copy "bo@example.net"',
      'The message goes to "Presents" (line 5).',
      '  changed before that:',
      '  + X-Sorted: present',
      'coyote@desert.example.org gets a reply (line 9), "Auto: I have a present for you", and no other for 3 days.',
      'The message is sent on to bo@example.net (line 10).',
      '  changed before that:',
      '  + X-Sorted: present',
      '',
    ]);
  });

  test('without the steps when nobody asks for them', async () => {
    assert.doesNotMatch((await sieveTest('if true { discard; }')).stdout, /^ /m);
  });

  test('no rule decides, or one throws it away', async () => {
    assert.match((await sieveTest('')).stdout, /^The message goes to INBOX: no rule decides otherwise\.$/m);
    assert.match(
      (await sieveTest('discard;')).stdout,
      /^The message is thrown away \(line 1\); nobody is told\.$/m,
    );
  });

  test('the envelope as it is told', async () => {
    const script =
      'require "envelope"; if envelope "from" "" { discard; } elsif envelope :domain "to" "example.net" { stop; }';
    const nobody = await sieveTest(script, '--envelope-from', '', '--envelope-to', 'x@example.net');
    assert.match(nobody.stdout, /^The message, 152 octets, from <> to <x@example\.net>:$/m);
    assert.match(nobody.stdout, /^The message is thrown away/m);
    const wrong = await sieveTest(script, '--envelope-from', 'nobody');
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /"nobody" is no mail address/);
  });

  test('a script that is broken, and one that fails', async () => {
    const broken = await sieveTest('keep;\nfileinto "x";');
    assert.equal(broken.code, 1);
    assert.match(broken.stderr, /script\.sieve: line 2, column 1: "fileinto" needs require "fileinto"/);
    const failing = await sieveTest('require "include";\ninclude "none";');
    assert.equal(failing.code, 1);
    assert.match(failing.stdout, /^The script fails \(line 2\): there is no personal script "none"\. /m);
    assert.match(failing.stdout, /^The message goes to INBOX\.$/m);
  });

  test('included scripts lie beside it, and nowhere else', async () => {
    file('other.sieve', 'discard;');
    assert.match(
      (await sieveTest('require "include"; include "other";')).stdout,
      /thrown away \(other, line 1\)/,
    );
    assert.match(
      (await sieveTest('require "include"; include "../other";')).stdout,
      /there is no personal script/,
    );
  });

  test('within what the server grants', async () => {
    const script = 'redirect "a@example.net"; redirect "b@example.net";';
    assert.equal((await sieveTest(script)).code, 0);
    const { code, stdout } = await sieveTest(script, '--set', 'sieve.limits.redirects=1');
    assert.equal(code, 1);
    assert.match(stdout, /^The script fails \(line 1\): more than 1 times "redirect"\./m);
  });

  test('as JSON', async () => {
    const { stdout } = await sieveTest('require ["editheader", "copy"]; addheader "X-A" "b";', '--json');
    const told = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual(told.warnings, [
      { reason: '"copy" is required and not used', place: { line: 1, column: 24 } },
    ]);
    const [keep] = told.effects as readonly { kind: string; edition: { header: string } }[];
    assert.equal(keep?.kind, 'keep');
    assert.match(keep?.edition.header ?? '', /^X-A: b\r\nReturn-Path:/);
  });
});
