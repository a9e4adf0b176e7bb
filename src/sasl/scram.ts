/**
 * SCRAM-SHA-256 and SCRAM-SHA-1 (RFC 5802, RFC 7677), each also with channel binding (-PLUS: `tls-exporter`, RFC 9266, and
 * `tls-server-end-point`, RFC 5929 §4): the client proves that it has the password, the server that it knows it, and
 * neither learns it from the other.
 *
 * An account has several passwords with one salt and one count; a proof is tried against each. One that is not there gets a
 * salt of its own, so nothing is said before the proof, and after it only that it is wrong.
 *
 * A client that could bind and says that the server cannot (`y`), where it can, has been lied to by somebody in the middle:
 * refused (§6). The text of these failures names no account.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { type ChannelBindings, isBindingType } from './channel-binding.ts';
import { failure, MAX_NAME_BYTES, type SaslMachine, type SaslMechanism, type SaslStep } from './mechanism.ts';
import { prepareName } from './prepare.ts';
import { type AccountKeys, digest, hmac, type ScramHash, type ScramKeys } from './scram-keys.ts';
import { type ClientFinal, type ClientFirst, parseClientFinal, parseClientFirst } from './scram-message.ts';

/** A name and an authorization identity, each octet of which may be written with three. */
const MAX_FIRST_BYTES = 6 * MAX_NAME_BYTES + 1024;
const MAX_FINAL_BYTES = 4 * MAX_FIRST_BYTES;
const NONCE_BYTES = 18;

export interface ScramOptions {
  readonly hash: ScramHash;
  readonly isPlus: boolean;
  /** Of the connection, whether this mechanism uses them or not. */
  readonly bindings: ChannelBindings | undefined;
  /** The server's half; random when absent. */
  readonly nonce?: string;
}

function scram(name: string, hash: ScramHash, isPlus: boolean): SaslMechanism {
  return Object.freeze<SaslMechanism>({
    name,
    isOffered: ({ mayUsePlaintext, hasScram, bindings }) =>
      mayUsePlaintext && hasScram && (!isPlus || bindings !== undefined),
    begin: ({ bindings }) => new ScramMachine({ hash, isPlus, bindings }),
  });
}

export const scramSha256Plus = scram('SCRAM-SHA-256-PLUS', 'sha256', true);
export const scramSha1Plus = scram('SCRAM-SHA-1-PLUS', 'sha1', true);
export const scramSha256 = scram('SCRAM-SHA-256', 'sha256', false);
export const scramSha1 = scram('SCRAM-SHA-1', 'sha1', false);

interface Asked {
  readonly first: ClientFirst;
  readonly username: string;
  readonly expectedBinding: Buffer;
}

interface Sent {
  readonly keys: AccountKeys;
  readonly nonce: string;
  readonly message: string;
}

export class ScramMachine implements SaslMachine {
  readonly #options: ScramOptions;
  #asked: Asked | undefined;
  #sent: Sent | undefined;

  constructor(options: ScramOptions) {
    this.#options = options;
  }

  start(initial?: Buffer): SaslStep {
    // The client speaks first; an empty challenge asks it to when its first message did not come along (RFC 4422 §5).
    return initial === undefined ? { kind: 'challenge', challenge: Buffer.alloc(0) } : this.next(initial);
  }

  next(response: Buffer): SaslStep {
    return this.#sent === undefined ? this.#first(response) : this.#final(response);
  }

  useKeys(keys: AccountKeys): SaslStep {
    const { first } = this.#asked as Asked;
    const nonce = first.nonce + (this.#options.nonce ?? randomBytes(NONCE_BYTES).toString('base64'));
    const message = `r=${nonce},s=${keys.salt.toString('base64')},i=${keys.iterations}`;
    this.#sent = { keys, nonce, message };
    return { kind: 'challenge', challenge: Buffer.from(message) };
  }

  #first(bytes: Buffer): SaslStep {
    const first = bytes.length > MAX_FIRST_BYTES ? undefined : parseClientFirst(bytes);
    if (first === undefined) return failure('malformed', 'Not the first message of a SCRAM client');
    const username = prepareName(first.username);
    if (!username || Buffer.byteLength(username) > MAX_NAME_BYTES)
      return failure('malformed', 'Empty or impossible name');
    if (first.authzid !== undefined && prepareName(first.authzid)?.toLowerCase() !== username.toLowerCase())
      return failure('forbidden', 'Acting for another account is not possible');
    const expectedBinding = this.#bindingFor(first);
    if (!Buffer.isBuffer(expectedBinding)) return expectedBinding;
    this.#asked = { first, username, expectedBinding };
    return { kind: 'keys-wanted', username, hash: this.#options.hash };
  }

  /** What `c=` must be (RFC 5802 §6). */
  #bindingFor({ flag, gs2Header }: ClientFirst): Buffer | SaslStep {
    const { isPlus, bindings } = this.#options;
    if (flag.kind === 'unused' && bindings !== undefined)
      return failure(
        'forbidden',
        'The server supports channel binding, and somebody told the client otherwise',
      );
    if (isPlus !== (flag.kind === 'used'))
      return failure('malformed', 'Channel binding belongs to the -PLUS mechanisms, and to no others');
    if (flag.kind !== 'used') return Buffer.from(gs2Header);
    const data = isBindingType(flag.type) ? bindings?.(flag.type) : undefined;
    if (data === undefined) return failure('malformed', 'This type of channel binding is not supported');
    return Buffer.concat([Buffer.from(gs2Header), data]);
  }

  #final(bytes: Buffer): SaslStep {
    const final = bytes.length > MAX_FINAL_BYTES ? undefined : parseClientFinal(bytes);
    if (final === undefined) return failure('malformed', 'Not the final message of a SCRAM client');
    const { username, expectedBinding, first } = this.#asked as Asked;
    const { nonce, message, keys } = this.#sent as Sent;
    if (final.nonce !== nonce) return failure('malformed', 'Not the nonce of this exchange');
    if (!areEqual(final.binding, expectedBinding))
      return failure('forbidden', 'The channel bindings do not match: somebody is in the middle');
    const spoken = `${first.bare},${message},${final.withoutProof}`;
    const found = this.#provenOf(keys, final, spoken);
    if (found === undefined)
      return { kind: 'credentials', credentials: { kind: 'proof', username, proven: undefined } };
    const { credential, stored, server } = found;
    const signature = hmac(this.#options.hash, server, spoken).toString('base64');
    return {
      kind: 'credentials',
      credentials: { kind: 'proof', username, proven: { credential, stored } },
      whenGood: Buffer.from(`v=${signature}`),
    };
  }

  /** All are tried, whichever it is. */
  #provenOf({ candidates }: AccountKeys, { proof }: ClientFinal, spoken: string) {
    let found: AccountKeys['candidates'][number] | undefined;
    for (const candidate of candidates) if (this.#proves(candidate, proof, spoken)) found ??= candidate;
    return found;
  }

  #proves({ stored }: ScramKeys, proof: Buffer, spoken: string): boolean {
    const { hash } = this.#options;
    const signature = hmac(hash, stored, spoken);
    if (proof.length !== signature.length) return false;
    const clientKey = Buffer.from(signature.map((octet, at) => octet ^ (proof[at] as number)));
    return areEqual(digest(hash, clientKey), stored);
  }
}

function areEqual(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
