/**
 * A real server of S3: OpenStack Swift with its `s3api`, one process of each kind, everything in a folder. Its keys are `test:tester` and `testing`, and
 * there is a bucket `mail`.
 */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Place, type S3PlaceOptions } from '../../src/backup/s3-place.ts';
import { S3Requests } from '../../src/backup/s3-requests.ts';
import { Secret } from '../../src/base/secret.ts';
import { start } from '../clients/program.ts';
import { freePort } from '../kit/free-port.ts';

const KINDS = ['account', 'container', 'object'] as const;
export const KEYS = { accessKey: 'test:tester', secretKey: 'testing' } as const;
const READY_MS = 180_000;

export interface Swift {
  readonly endpoint: string;
  place(options?: Partial<S3PlaceOptions>): S3Place;
  stop(): Promise<void>;
}

export async function startSwift(): Promise<Swift> {
  const folder = mkdtempSync(join(tmpdir(), 'brevduva-swift-'));
  mkdirSync(join(folder, 'devices', 'd1'), { recursive: true });
  writeFileSync(
    join(folder, 'swift.conf'),
    '[swift-hash]\nswift_hash_path_suffix = test\n[storage-policy:0]\nname = one\ndefault = yes\n',
  );
  const own = { folder, user: userInfo().username };
  const processes: ChildProcess[] = [];
  for (const kind of KINDS) {
    const port = await freePort();
    ring(folder, kind, port);
    writeFileSync(join(folder, `${kind}.conf`), storageConf(kind, { ...own, port }));
    processes.push(start(`swift-${kind}-server`, [join(folder, `${kind}.conf`), '-v']));
  }
  const port = await freePort();
  writeFileSync(join(folder, 'proxy.conf'), proxyConf({ ...own, port }));
  processes.push(start('swift-proxy-server', [join(folder, 'proxy.conf'), '-v']));
  let said = '';
  for (const one of processes) {
    one.stdout?.on('data', (text) => {
      said += text;
    });
    one.stderr?.on('data', (text) => {
      said += text;
    });
  }
  const endpoint = `http://127.0.0.1:${port}`;
  const swift: Swift = {
    endpoint,
    place: (options = {}) =>
      new S3Place({
        ...{
          endpoint,
          region: 'us-east-1',
          accessKey: KEYS.accessKey,
          secretKey: new Secret(KEYS.secretKey),
        },
        ...{ bucket: 'mail', prefix: '', ...options },
      }),
    async stop() {
      for (const one of processes) one.kill('SIGTERM');
      await Promise.all(
        processes.map((one) => one.exitCode ?? new Promise((ended) => one.once('exit', ended))),
      );
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await answers(endpoint);
    const access = {
      endpoint,
      region: 'us-east-1',
      accessKey: KEYS.accessKey,
      secretKey: new Secret(KEYS.secretKey),
    };
    await new S3Requests(access).text({ method: 'PUT', path: 'mail' });
    return swift;
  } catch (error) {
    await swift.stop();
    throw new Error(`Swift does not start: ${said}`, { cause: error });
  }
}

async function answers(endpoint: string): Promise<void> {
  for (const endMs = performance.now() + READY_MS; ; await sleep(100)) {
    const reply = await fetch(`${endpoint}/healthcheck`).catch((error: Error) => error);
    if (reply instanceof Response && reply.ok) return;
    if (performance.now() > endMs) throw reply;
  }
}

function ring(folder: string, kind: string, port: number): void {
  const builder = join(folder, `${kind}.builder`);
  const run = (...args: string[]): void => {
    const { status, stdout, stderr } = spawnSync('swift-ring-builder', [builder, ...args], {
      encoding: 'utf8',
    });
    // 1 is a warning.
    if (status !== 0 && status !== 1) throw new Error(`${args.join(' ')}: ${stdout}${stderr}`);
  };
  run('create', '2', '1', '1');
  run('add', `r1z1-127.0.0.1:${port}/d1`, '1');
  run('rebalance');
}

interface Own {
  readonly folder: string;
  readonly user: string;
  readonly port: number;
}

const common = ({ folder, user, port }: Own): string => `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
user = ${user}
swift_dir = ${folder}
devices = ${join(folder, 'devices')}
mount_check = false
`;

const storageConf = (kind: string, own: Own): string => `${common(own)}
[pipeline:main]
pipeline = ${kind}-server
[app:${kind}-server]
use = egg:swift#${kind}
`;

const proxyConf = (own: Own): string => `${common(own)}
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = ${KEYS.secretKey} .admin
# There is none: nothing is remembered.
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:s3api]
use = egg:swift#s3api
min_segment_size = 1024
${[
  'catch_errors',
  'gatekeeper',
  'healthcheck',
  'listing_formats',
  'bulk',
  'copy',
  'slo',
  'dlo',
  'versioned_writes',
]
  .map((name) => `[filter:${name}]\nuse = egg:swift#${name}`)
  .join('\n')}
`;
