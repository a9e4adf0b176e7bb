/**
 * The keys with which a proof of a password is checked (SCRAM, `sasl/scram-keys.ts`), kept beside what checks the password
 * itself. The count is a compromise: whoever steals the accounts can try passwords against them faster than against
 * Argon2, and every phone computes it at each sign-in (decision 36).
 *
 * All passwords of an account have one salt, which a client is given before it says which of them it has. It follows from the
 * address, so that two passwords made at the same moment agree, and an address that no account has gets one just like it.
 *
 * One is made at a time: it takes threads of the pool that the store's syncs need, and there may be hundreds (an import, the
 * sign-ins of a morning). Beyond an end of the line there is `GateFull`.
 */
import { createHmac } from 'node:crypto';
import { Semaphore } from '../base/gate.ts';
import type { Secret } from '../base/secret.ts';
import type { NewCredential, ProofKeys, StoredCredential } from '../mailbox/model/credential.ts';
import { preparePassword } from '../sasl/prepare.ts';
import { type AccountKeys, deriveScramKeys, type ScramHash } from '../sasl/scram-keys.ts';
import { spellingsOf } from './app-password.ts';

/** Above what RFC 7677 §4 asks for, and half of what some clients take at most (Cyrus SASL: 65,536). */
const ITERATIONS = 32_768;
const SALT_BYTES = 16;
const MAX_WAITING = 1000;

export interface ProofKeyOptions {
  /** Of this data folder: what salts follow from. */
  readonly saltKey: string;
  /** Whether any are made. */
  readonly areKept: boolean;
  readonly iterations?: number;
}

/** What the salt of all of an account's passwords is, and how dear they are. */
type Terms = Pick<AccountKeys, 'salt' | 'iterations'>;

export class ProofKeyMaker {
  readonly #options: ProofKeyOptions;
  readonly #gate = new Semaphore(1, MAX_WAITING);

  constructor(options: ProofKeyOptions) {
    this.#options = options;
  }

  /** Undefined when none are kept. `others`: what the account has beside this one. */
  async make(
    password: Secret,
    { kind, address, others }: Pick<NewCredential, 'kind'> & Owner,
  ): Promise<ProofKeys | undefined> {
    if (!this.#options.areKept) return undefined;
    const terms = this.#termsOf(address, others);
    const spellings = kind === 'password' ? [preparePassword(password.reveal())] : spellingsOf(password);
    const keys = (hash: ScramHash): Promise<string[]> =>
      Promise.all(
        spellings.map(async (spelling) => {
          const { stored, server } = await deriveScramKeys(hash, spelling, terms);
          return `${stored.toString('base64')}:${server.toString('base64')}`;
        }),
      );
    const [sha256, sha1] = await this.#gate.run(() => Promise.all([keys('sha256'), keys('sha1')]));
    return { salt: terms.salt.toString('base64'), iterations: terms.iterations, sha256, sha1 };
  }

  /** Whether there are none yet that a client could use. */
  areWanted(credential: NewCredential, owner: Owner): boolean {
    return this.#options.areKept && !fits(credential.proofKeys, this.#termsOf(owner.address, owner.others));
  }

  /** For a name that no account has, too. */
  accountKeys({ address, others }: Owner, hash: ScramHash): AccountKeys {
    const terms = this.#termsOf(address, others);
    const candidates = others
      .filter(({ proofKeys }) => fits(proofKeys, terms))
      .flatMap(({ id, proofKeys }) => keysOf(proofKeys, hash).map((keys) => ({ credential: id, ...keys })));
    return { ...terms, candidates };
  }

  #termsOf(address: string, credentials: readonly StoredCredential[]): Terms {
    const kept = (credentials.find(isMain) ?? credentials.find(hasKeys))?.proofKeys;
    if (kept !== undefined) return { salt: Buffer.from(kept.salt, 'base64'), iterations: kept.iterations };
    const { saltKey, iterations = ITERATIONS } = this.#options;
    const salt = createHmac('sha256', saltKey).update(`salt of ${address}`).digest();
    return { salt: salt.subarray(0, SALT_BYTES), iterations };
  }
}

interface Owner {
  /** Of the account, or what somebody took for one. */
  readonly address: string;
  readonly others: readonly StoredCredential[];
}

/** Whether this credential has exactly this StoredKey still. */
export function hasStoredKey({ proofKeys }: StoredCredential, stored: Buffer): boolean {
  if (proofKeys === undefined) return false;
  const wanted = `${stored.toString('base64')}:`;
  return [...proofKeys.sha256, ...proofKeys.sha1].some((pair) => pair.startsWith(wanted));
}

const hasKeys = ({ proofKeys }: NewCredential): boolean => proofKeys !== undefined;
const isMain = (credential: NewCredential): boolean => credential.kind === 'password' && hasKeys(credential);

function fits(keys: ProofKeys | undefined, { salt, iterations }: Terms): boolean {
  return keys?.iterations === iterations && keys.salt === salt.toString('base64');
}

function keysOf(keys: ProofKeys | undefined, hash: ScramHash) {
  return (keys?.[hash] ?? []).map((pair) => {
    const [stored = '', server = ''] = pair.split(':');
    return { stored: Buffer.from(stored, 'base64'), server: Buffer.from(server, 'base64') };
  });
}
