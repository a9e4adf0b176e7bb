import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createLog } from './log.ts';
import { LineLimits } from './log-limits.ts';
import { LogOutput } from './log-output.ts';

const REMOTE = { name: '192.0.2.1', isAccount: false };

describe('what a stranger makes the log say', () => {
  test('is limited by kind and source, and told in numbers', () => {
    const limits = new LineLimits(() => 0);
    const admitted = Array.from({ length: 400_000 }, () => limits.admits('wrong password', REMOTE));
    assert.equal(admitted.filter(Boolean).length, 50);
    assert.equal(limits.admits('connection refused', REMOTE), true);
    assert.equal(limits.admits('wrong password', { ...REMOTE, name: '192.0.2.2' }), true);
    assert.deepEqual(limits.takeLeftOut(), [{ kind: 'wrong password', source: REMOTE.name, lines: 399_950 }]);
    assert.deepEqual(limits.takeLeftOut(), []);
  });

  test('goes on slowly', () => {
    let nowMs = 0;
    const limits = new LineLimits(() => nowMs);
    let lines = 0;
    for (; nowMs < 3_600_000; nowMs += 100) if (limits.admits('wrong password', REMOTE)) lines++;
    assert.ok(lines > 1700 && lines < 1900, String(lines));
  });

  test('has an end for all addresses together, and its memory, too', () => {
    const limits = new LineLimits(() => 0);
    let lines = 0;
    for (let i = 0; i < 200_000; i++) {
      if (limits.admits('wrong password', { name: `address ${i}`, isAccount: false })) lines++;
    }
    assert.equal(lines, 1000);
    const told = limits.takeLeftOut();
    assert.ok(told.length <= 21, String(told.length));
    assert.equal(
      told.reduce((sum, one) => sum + one.lines, 0),
      199_000,
    );
  });

  test('leaves accounts alone, each of which has a limit of its own', () => {
    const limits = new LineLimits(() => 0);
    for (let i = 0; i < 5000; i++) limits.admits('signed in', { name: `address ${i}`, isAccount: false });
    const admitted = Array.from({ length: 100 }, () =>
      limits.admits('signed in', { name: 'alice', isAccount: true }),
    );
    assert.equal(admitted.filter(Boolean).length, 50);
  });
});

describe('a log', () => {
  function logTo(lines: string[]) {
    return createLog({ level: 'info', write: (line) => void lines.push(line), nowMs: () => 0 });
  }

  test('limits by the address in the line or of the child, by the account once there is one', () => {
    const lines: string[] = [];
    const log = logTo(lines);
    for (let i = 0; i < 100; i++) log.warn({ remote: '192.0.2.1' }, 'refused');
    const session = log.child({ remote: '192.0.2.1' });
    for (let i = 0; i < 100; i++) session.info({}, 'refused');
    assert.equal(lines.length, 50);
    const signedIn = session.child({ account: 'alice@example.com' }, 'alice@example.com');
    for (let i = 0; i < 100; i++) signedIn.info({}, 'refused');
    assert.equal(lines.length, 100);
    for (let i = 0; i < 100; i++) signedIn.record({}, 'delivered');
    assert.equal(lines.length, 200);
  });

  test('shows what a terminal would obey, and is JSON that says what it said', () => {
    const client = 'a\x1b[2J\x7f\x9b2J\u202eb\u2028\r\nforgedä€\u{1f4e7}';
    for (const isPretty of [false, true]) {
      const lines: string[] = [];
      const log = createLog({ write: (line) => void lines.push(line), isPretty });
      log.info({ client }, 'client identified itself');
      log.error({ err: new Error(client) }, 'something failed');
      for (const line of lines)
        assert.doesNotMatch(line, /[\0-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]/, JSON.stringify(line));
      assert.ok((lines[0] as string).includes('ä€\u{1f4e7}'));
      assert.equal((lines[0] as string).split('\n').length, 2);
      if (!isPretty) assert.equal(JSON.parse(lines[0] as string).client, client);
    }
  });

  test('has lines of a bounded length', () => {
    const lines: string[] = [];
    logTo(lines).info({ client: 'x\n'.repeat(100_000) }, 'client identified itself');
    assert.ok((lines[0] as string).length < 16_384);
    assert.equal(JSON.parse(lines[0] as string).message, 'client identified itself');
    assert.equal((lines[0] as string).split('\n').length, 2);
  });
});

describe('the output of a log', () => {
  /** Takes so many octets, then fails with the code until it has room again. */
  function outputOf(sink: { room: number; code: string; text: string }): LogOutput {
    return new LogOutput({
      write(bytes) {
        if (sink.room <= 0) throw Object.assign(new Error(sink.code), { code: sink.code });
        const taken = Math.min(bytes.length, sink.room);
        sink.room -= taken;
        sink.text += bytes.toString('utf8', 0, taken);
        return taken;
      },
      lostLine: (lines, reason) => `${lines} lost, ${reason}\n`,
      maxWaitingBytes: 1000,
    });
  }

  for (const code of ['EAGAIN', 'EPIPE', 'ENOSPC', 'EIO']) {
    test(`survives ${code}, keeps what fits, and says how much did not`, async () => {
      const sink = { room: 25, code, text: '' };
      const output = outputOf(sink);
      for (let i = 0; i < 300; i++) output.write('a line of 20 octets\n');
      await new Promise(setImmediate);
      assert.equal(sink.text, 'a line of 20 octets\na lin');
      for (let i = 0; i < 10; i++) output.write('a line of 20 octets\n');
      sink.room = 1_000_000;
      output.flush();
      const whole = sink.text.split('\n');
      assert.equal(whole.filter((line) => line === 'a line of 20 octets').length, 51);
      assert.deepEqual(
        whole.filter((line) => line !== 'a line of 20 octets'),
        [`259 lost, ${code}`, ''],
      );
    });
  }

  test('takes itself up again when there is room', async () => {
    const sink = { room: 0, code: 'EAGAIN', text: '' };
    const output = outputOf(sink);
    output.write('first\n');
    await new Promise(setImmediate);
    sink.room = 100;
    output.write('second\n');
    while (sink.text === '') await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(sink.text, 'first\nsecond\n');
  });
});
