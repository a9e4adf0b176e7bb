/**
 * What is kept of a credential is brought up to date when somebody signs in with it: its hash when that is dearer today or another
 * server's, the keys for proofs when it has none, when it was used. In the background; a failure costs nothing, for the next
 * sign-in tries again. Nothing is done to one that is gone in the meantime.
 */
import type { Clock } from '../base/clock.ts';
import { GateFull } from '../base/gate.ts';
import type { Log } from '../base/log.ts';
import type { Secret } from '../base/secret.ts';
import type { CredentialUse, StoredCredential } from '../mailbox/model/credential.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import type { Directory } from '../mailbox/port/store.ts';
import type { Passwords } from './password.ts';
import type { ProofKeyMaker } from './proof-keys.ts';

export interface UpkeepOptions {
  readonly directory: Pick<Directory, 'get' | 'update'>;
  readonly passwords: Passwords;
  readonly proofKeys: ProofKeyMaker;
  readonly clock: Clock;
  readonly log: Log;
}

export interface UsedCredential {
  readonly record: AccountRecord;
  readonly credential: StoredCredential;
}

const DAY_MS = 24 * 3_600_000;

export class CredentialUpkeep {
  readonly #options: UpkeepOptions;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** At most once a day, for it is written down. */
  noteUse({ record, credential }: UsedCredential, { remote, service }: Omit<CredentialUse, 'atMs'>): void {
    const { clock, directory, log } = this.#options;
    const atMs = clock.nowMs();
    if (credential.lastUse !== undefined && atMs - credential.lastUse.atMs < DAY_MS) return;
    const used = { ...credential, lastUse: { atMs, remote, service } };
    directory.update(record.id, { credentials: { put: [used] } }).catch((err: unknown) => {
      log.warn({ err, account: record.address }, 'the use of an app password could not be noted');
    });
  }

  /** While the password is known. */
  async renew({ record, credential }: UsedCredential, password: Secret, needsRehash = false): Promise<void> {
    const { directory, passwords, proofKeys, log } = this.#options;
    const { address, credentials: others } = record;
    const { id, kind } = credential;
    const needsKeys = proofKeys.areWanted(credential, { address, others });
    if (!needsKeys && !needsRehash) return;
    try {
      const secret = needsRehash ? await passwords.hash(password) : credential.secret;
      const keys = needsKeys ? await proofKeys.make(password, { kind, address, others }) : undefined;
      // That it was used may have been noted meanwhile.
      const current = (await directory.get(record.id))?.credentials.find((one) => one.id === id);
      if (current?.secret !== credential.secret) return;
      const renewed = { ...current, secret, ...(keys && { proofKeys: keys }) };
      await directory.update(record.id, { credentials: { put: [renewed] } });
    } catch (err) {
      // Too many at once: most of them will be back tomorrow.
      if (err instanceof GateFull) return;
      log.warn({ err, account: address }, 'the stored password could not be renewed');
    }
  }
}
