/** A package registry on loopback, with packages made for a test: enough of it for `npm ci`. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

export interface Registry {
  readonly url: string;
  /** How many requests it had. */
  readonly requests: number;
  /** What a lock file says of the package; the registry has it from then on. */
  add(name: string, version: string): { version: string; integrity: string };
  /** From now on nothing is answered, so that an installation can be met in the middle. */
  hold(): void;
  close(): void;
}

export async function openRegistry(): Promise<Registry> {
  const packages = new Map<string, Map<string, Buffer>>();
  let requests = 0;
  let isHeld = false;
  const server = createServer((request, response) => {
    requests++;
    if (isHeld) return;
    const [, name = '', file] = decodeURIComponent(request.url ?? '').split('/');
    const versions = packages.get(name);
    if (versions === undefined) return void response.writeHead(404).end('{}');
    if (file !== undefined) return void response.end(versions.get(file.replace('.tgz', '')));
    const { port } = server.address() as AddressInfo;
    const entries = [...versions].map(([version, bytes]) => {
      const tarball = `http://127.0.0.1:${port}/${name}/${version}.tgz`;
      return [version, { name, version, dist: { tarball, integrity: integrityOf(bytes) } }] as const;
    });
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ name, versions: Object.fromEntries(entries) }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    add(name, version) {
      const bytes = tarball({ name, version });
      packages.set(name, (packages.get(name) ?? new Map<string, Buffer>()).set(version, bytes));
      return { version, integrity: integrityOf(bytes) };
    },
    hold() {
      isHeld = true;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function integrityOf(bytes: Buffer): string {
  return `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
}

/** One file in the old tar format: a head of 512 octets, the content in blocks of 512, two empty blocks. */
function tarball(manifest: object): Buffer {
  const content = Buffer.from(JSON.stringify(manifest));
  const head = Buffer.alloc(512);
  head.write('package/package.json', 0);
  head.write('0000644\0', 100);
  head.write('0000000\0', 108);
  head.write('0000000\0', 116);
  head.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  head.write('00000000000\0', 136);
  head.fill(' ', 148, 156);
  head.write('0', 156);
  const sum = head.reduce((total, octet) => total + octet, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return gzipSync(Buffer.concat([head, content, padding, Buffer.alloc(1024)]));
}
