/** A push service and the program for which it takes messages: TLS on a real socket, and the keys that can read what comes. */
import { createDecipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Outward } from '../../src/http/outward.ts';
import { selfSignedFiles } from '../../src/net/self-signed.ts';
import type { Answer } from './jmap.ts';

export interface Pushed {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly message: Answer;
}

const HOST = 'push.example.com';

export class PushService {
  /** That come to this path; 201 when there are none. Each is used once. */
  readonly statuses = new Map<string, number[]>();
  readonly received: Pushed[] = [];
  readonly keys: { readonly p256dh: string; readonly auth: string };
  readonly outward: Outward;
  readonly #pair = createECDH('prime256v1');
  readonly #auth = randomBytes(16);
  readonly #close: () => Promise<void>;
  readonly #port: number;
  readonly #waiting = new Map<string, ((one: Pushed) => void)[]>();
  readonly #untaken = new Map<string, Pushed[]>();

  static async start(): Promise<PushService> {
    const folder = await mkdtemp(join(tmpdir(), 'push-'));
    const files = await selfSignedFiles(folder, HOST);
    const cert = await readFile(files.certificatePath, 'utf8');
    const key = await readFile(files.keyPath, 'utf8');
    await rm(folder, { recursive: true });
    let service: PushService | undefined;
    const server = createServer({ key, cert }, async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const status = service?.take(request.url ?? '', request.headers, Buffer.concat(chunks));
      response.writeHead(status ?? 500).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const close = async (): Promise<void> => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    };
    service = new PushService((server.address() as AddressInfo).port, cert, close);
    return service;
  }

  private constructor(port: number, ca: string, close: () => Promise<void>) {
    this.#port = port;
    this.#close = close;
    this.keys = {
      p256dh: this.#pair.generateKeys().toString('base64url'),
      auth: this.#auth.toString('base64url'),
    };
    this.outward = new Outward({
      ca,
      resolve: async (name) => (name === HOST ? [{ address: '127.0.0.1', family: 4 }] : []),
      mayReach: (address) => address === '127.0.0.1',
    });
  }

  get origin(): string {
    return `https://${HOST}:${this.#port}`;
  }

  /** The next one that comes to this path. */
  next(path: string): Promise<Pushed> {
    const there = this.#untaken.get(path)?.shift();
    if (there !== undefined) return Promise.resolve(there);
    const { promise, resolve } = Promise.withResolvers<Pushed>();
    this.#waiting.set(path, [...(this.#waiting.get(path) ?? []), resolve]);
    return promise;
  }

  take(path: string, headers: IncomingHttpHeaders, body: Buffer): number {
    const octets = headers['content-encoding'] === 'aes128gcm' ? this.#decrypted(body) : body;
    const one = { path, headers, message: JSON.parse(octets.toString()) };
    this.received.push(one);
    const waiting = this.#waiting.get(path)?.shift();
    if (waiting !== undefined) waiting(one);
    else this.#untaken.set(path, [...(this.#untaken.get(path) ?? []), one]);
    return this.statuses.get(path)?.shift() ?? 201;
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** RFC 8291 §3, as who receives. */
  #decrypted(body: Buffer): Buffer {
    const [salt, theirs] = [body.subarray(0, 16), body.subarray(21, 86)];
    const sealed = body.subarray(86);
    const about = Buffer.concat([Buffer.from('WebPush: info\0'), this.#pair.getPublicKey(), theirs]);
    const shared = hkdfSync('sha256', this.#pair.computeSecret(theirs), this.#auth, about, 32);
    const derived = (what: string, bytes: number): Buffer =>
      Buffer.from(hkdfSync('sha256', Buffer.from(shared), salt, `Content-Encoding: ${what}\0`, bytes));
    const cipher = createDecipheriv('aes-128-gcm', derived('aes128gcm', 16), derived('nonce', 12));
    cipher.setAuthTag(sealed.subarray(-16));
    const plain = Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()]);
    return plain.subarray(0, -1);
  }
}
