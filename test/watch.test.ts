/**
 * How a running server is watched: numbers, health, and what a service manager is told.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { ImapClient } from './imap-client.ts';
import { runCommand, startServer, type TestServer } from './kit/server.ts';

const ALICE = 'alice@example.com';
const UNIT = join(import.meta.dirname, '..', 'packaging', 'systemd', 'brevduva.service');

interface Fetched {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly text: string;
}

function fetchFrom(
  where: { readonly port: number } | { readonly socketPath: string },
  path: string,
): Promise<Fetched> {
  const { promise, resolve, reject } = Promise.withResolvers<Fetched>();
  get({ host: '127.0.0.1', ...where, path, agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    response.on('end', () =>
      resolve({ status: response.statusCode, type: response.headers['content-type'], text }),
    );
  }).on('error', reject);
  return promise;
}

/** Every sample by its name and labels; throws for a line that is none (Prometheus text format 0.0.4). */
function samplesIn(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ') || line.startsWith('# TYPE ')) continue;
    const [, name, value] = /^([a-z0-9_]+(?:\{(?:[a-z_]+="[^"\\]*",?)*\})?) (\S+)$/.exec(line) ?? [];
    assert.ok(name !== undefined && value !== undefined, line);
    samples.set(name, Number(value));
  }
  return samples;
}

describe('numbers and health', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ config: { 'listen.metrics': '127.0.0.1:0' } });
    await server.cli(['account', 'add', ALICE, '--password-stdin'], 'secret\n');
  });
  after(() => server.stop());

  test('the same numbers on the control socket and on a port of loopback', async () => {
    const client = await ImapClient.signIn(server.port('imap'), ALICE, 'secret');
    const stranger = await ImapClient.connect(server.port('imap'));
    await stranger.greeting();
    await stranger.command(`LOGIN ${ALICE} wrong`);
    for (const [where, path] of [
      [{ port: server.port('metrics') }, '/metrics'],
      [{ socketPath: join(server.data, 'control.sock') }, '/v1/metrics'],
    ] as const) {
      const { status, type, text } = await fetchFrom(where, path);
      assert.equal(status, 200);
      assert.equal(type, 'text/plain; version=0.0.4; charset=utf-8');
      const samples = samplesIn(text);
      assert.equal(samples.get('brevduva_connections{service="imap"}'), 2);
      assert.equal(samples.get('brevduva_signed_in{service="imap"}'), 1);
      assert.equal(samples.get('brevduva_connections{service="lmtp"}'), 0);
      assert.equal(samples.get('brevduva_events_total{event="signed in",service="imap"}'), 1);
      assert.equal(samples.get('brevduva_events_total{event="wrong name or password",service="imap"}'), 1);
      assert.equal(samples.get('brevduva_log_lines_omitted_total{reason="limit"}'), 0);
      assert.ok((samples.get('brevduva_disk_free_bytes') ?? 0) > 0);
      assert.ok((samples.get('brevduva_certificate_expires_seconds') ?? 0) > Date.now() / 1000);
      assert.ok((samples.get('process_resident_memory_bytes') ?? 0) > 10_000_000);
      assert.ok([...samples.keys()].some((name) => name.startsWith('nodejs_eventloop_lag')));
    }
    client.close();
    stranger.close();
  });

  test('the port answers nothing else', async () => {
    const port = server.port('metrics');
    for (const path of ['/', '/v1/accounts', '/metrics/x']) {
      assert.equal((await fetchFrom({ port }, path)).status, 404, path);
    }
  });

  test('numbers are for loopback only', async () => {
    const { code, stderr } = await runCommand(['config', 'check', '--set', 'listen.metrics=0.0.0.0:9187']);
    assert.equal(code, 2);
    assert.match(stderr, /listen\.metrics: 0\.0\.0\.0:9187 is open to others/);
  });

  test('health says what it looked at, and that there is no server when there is none', async () => {
    const { code, stdout } = await server.cli(['health', '--json']);
    const report = JSON.parse(stdout) as { state: string; checks: { name: string; state: string }[] };
    assert.deepEqual(
      report.checks.map(({ name }) => name),
      ['store', 'disk', 'certificate'],
    );
    assert.equal(code, report.state === 'failing' ? 1 : 0);
    assert.equal(report.checks[0]?.state, 'ok');
    assert.match(
      (await server.cli(['health'])).stdout,
      /^(?:ok|warning|failing)\n(?:ok|warning|failing) +store: answers\n/,
    );
    const nobody = mkdtempSync(join(tmpdir(), 'brevduva-nobody-'));
    const absent = await runCommand(['health', '--data', nobody]);
    assert.equal(absent.code, 1);
    assert.match(absent.stderr, /no server runs on /);
    rmSync(nobody, { recursive: true });
  });
});

const RECEIVER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True:
    for line in s.recv(4096).decode().split('\\n'):
        print(line, flush=True)
`;

describe('a service manager', () => {
  test('is told that the server is ready, alive, and stopping', async (t) => {
    if (spawnSync('systemd-notify', ['--version']).status !== 0) return t.skip('there is no systemd-notify');
    if (spawnSync('python3', ['--version']).status !== 0) return t.skip('there is no python3');
    const folder = mkdtempSync(join(tmpdir(), 'brevduva-notify-'));
    const NOTIFY_SOCKET = join(folder, 'notify');
    const receiver = spawn('python3', ['-c', RECEIVER, NOTIFY_SOCKET], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const heard: string[] = [];
    let wake = (): void => {};
    createInterface({ input: receiver.stdout }).on('line', (line) => {
      heard.push(line);
      wake();
    });
    const until = async (line: string): Promise<void> => {
      while (!heard.includes(line)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    await until('bound');
    const server = await startServer({ env: { NOTIFY_SOCKET, WATCHDOG_USEC: '400000' } });
    await until('READY=1');
    await until('STATUS=accounts: 0');
    await until('WATCHDOG=1');
    await server.stop();
    await until('STOPPING=1');
    receiver.kill();
    rmSync(folder, { recursive: true });
  });

  test('takes the unit file without a complaint', (t) => {
    if (spawnSync('systemd-analyze', ['--version']).status !== 0)
      return t.skip('there is no systemd-analyze');
    const folder = mkdtempSync(join(tmpdir(), 'brevduva-unit-'));
    const unit = readFileSync(UNIT, 'utf8');
    assert.match(
      unit,
      /^ExecStart=\/usr\/local\/bin\/brevduva serve --config \/etc\/brevduva\/brevduva\.toml$/m,
    );
    // It also looks whether the program is there.
    const path = join(folder, 'brevduva.service');
    writeFileSync(path, unit.replace('/usr/local/bin/brevduva', process.execPath));
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], {
      encoding: 'utf8',
    });
    const about = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('brevduva'));
    assert.deepEqual(about, []);
    assert.equal(status, 0, stderr);
    rmSync(folder, { recursive: true });
  });
});
