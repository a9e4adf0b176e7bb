/** A small OpenID provider on loopback: real HTTP, real keys, tokens of every kind a test needs. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export interface Claims {
  readonly [name: string]: unknown;
}

interface Key {
  readonly id: string;
  readonly algorithm: string;
  readonly secret: CryptoKey;
  readonly published: JWK;
}

export class TestIssuer {
  readonly #server = createServer((request, response) => this.#answer(request, response));
  #keys: Key[] = [];
  #made = 0;
  /** What was asked for, by path. */
  readonly asked: string[] = [];
  /** Instead of the answers it has. */
  answersWith: ((path: string, response: ServerResponse) => boolean) | undefined;

  static async open(): Promise<TestIssuer> {
    const issuer = new TestIssuer();
    issuer.#server.listen(0, '127.0.0.1');
    await once(issuer.#server, 'listening');
    await issuer.rotate();
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A new key, and the old ones are published no longer. */
  async rotate(algorithm = 'ES256'): Promise<void> {
    const { privateKey: secret, publicKey } = await generateKeyPair(algorithm, { extractable: true });
    const id = `key-${++this.#made}`;
    const published = { ...(await exportJWK(publicKey)), kid: id, alg: algorithm, use: 'sig' };
    this.#keys = [{ id, algorithm, secret, published }];
  }

  /** Of the newest key; claims of undefined are left out. */
  async token(
    claims: Claims = {},
    { expiresIn = '5m' }: { readonly expiresIn?: string } = {},
  ): Promise<string> {
    const [key] = this.#keys;
    if (key === undefined) throw new Error('no key');
    const all = { iss: this.url, aud: 'mail-programs', scope: 'openid mail', ...claims };
    return new SignJWT(JSON.parse(JSON.stringify(all)))
      .setProtectedHeader({ alg: key.algorithm, kid: key.id })
      .setIssuedAt()
      .setExpirationTime(expiresIn)
      .sign(key.secret);
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #answer({ url = '' }: IncomingMessage, response: ServerResponse): void {
    this.asked.push(url);
    if (this.answersWith?.(url, response) === true) return;
    const body =
      url === '/keys'
        ? { keys: this.#keys.map(({ published }) => published) }
        : url === '/.well-known/openid-configuration'
          ? { issuer: this.url, jwks_uri: `${this.url}/keys` }
          : undefined;
    response.writeHead(body === undefined ? 404 : 200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(body ?? {}));
  }
}
