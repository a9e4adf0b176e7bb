/** A SCRAM client (RFC 5802 §3) by the letter, which checks what the server says of itself. */
import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

export type Hash = 'sha256' | 'sha1';

export interface ScramClientOptions {
  readonly hash: Hash;
  readonly username: string;
  readonly password: string;
  /** `n,,` when absent; with `p=...` also what it binds. */
  readonly gs2Header?: string;
  readonly binding?: Buffer;
  readonly nonce?: string;
}

const LENGTH = { sha256: 32, sha1: 20 } as const;

export class ScramClient {
  readonly #options: ScramClientOptions;
  readonly #nonce: string;
  #signature = '';

  constructor(options: ScramClientOptions) {
    this.#options = options;
    this.#nonce = options.nonce ?? randomBytes(12).toString('base64');
  }

  get #bare(): string {
    const name = this.#options.username.replaceAll('=', '=3D').replaceAll(',', '=2C');
    return `n=${name},r=${this.#nonce}`;
  }

  first(): Buffer {
    return Buffer.from((this.#options.gs2Header ?? 'n,,') + this.#bare);
  }

  final(serverFirst: Buffer): Buffer {
    const { hash, password, gs2Header = 'n,,', binding = Buffer.alloc(0) } = this.#options;
    const text = serverFirst.toString();
    const [, nonce = '', salt = '', iterations = ''] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(text) ?? [];
    assert.ok(nonce.startsWith(this.#nonce) && nonce.length > this.#nonce.length, text);
    const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), LENGTH[hash], hash);
    const clientKey = mac(hash, salted, 'Client Key');
    const bound = Buffer.concat([Buffer.from(gs2Header), binding]).toString('base64');
    const spoken = `${this.#bare},${text},c=${bound},r=${nonce}`;
    const signature = mac(hash, createHash(hash).update(clientKey).digest(), spoken);
    this.#signature = mac(hash, mac(hash, salted, 'Server Key'), spoken).toString('base64');
    const proof = Buffer.from(clientKey.map((octet, at) => octet ^ (signature[at] as number)));
    return Buffer.from(`c=${bound},r=${nonce},p=${proof.toString('base64')}`);
  }

  /** Whether the server has shown that it knows the password. */
  isServerProven(serverFinal: Buffer): boolean {
    return serverFinal.toString() === `v=${this.#signature}`;
  }
}

function mac(hash: Hash, key: Buffer, text: string): Buffer {
  return createHmac(hash, key).update(text).digest();
}
