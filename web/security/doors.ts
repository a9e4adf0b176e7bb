/** What the server's small API says of the second step, and what is asked of it: `/web/security`. */
import type { Account } from '../shell/account.ts';
import type { Qr } from './qr-code.tsx';

export interface SecurityFacts {
  /** Since when an app makes codes; absent: none does. */
  readonly totpSinceMs?: number;
  readonly codesLeft: number;
  readonly passkeys: readonly Passkey[];
  /** Not at an address of digits. */
  readonly canHavePasskeys: boolean;
}

export interface Passkey {
  readonly id: number;
  readonly name: string;
  readonly host: string;
  readonly createdMs: number;
  readonly lastUse?: { readonly atMs: number };
}

export interface NewKey {
  readonly key: string;
  readonly uri: string;
  readonly qr: Qr;
}

/** What went wrong, as the texts call it. */
export type DoorFault =
  | 'wrong'
  | 'wrongCode'
  | 'wrongPasskey'
  | 'passkeyNot'
  | 'tooMany'
  | 'tooManyDoors'
  | 'changed'
  | 'failed';

export type DoorAnswer<T> = { readonly value: T } | { readonly fault: DoorFault };

/** After a change: new codes, when there are any. */
export interface ChangedDoors extends SecurityFacts {
  readonly codes?: readonly string[];
}

const FAULTS: Readonly<Record<string, DoorFault>> = {
  'bad-credentials': 'wrong',
  'bad-code': 'wrongCode',
  'bad-passkey': 'wrongPasskey',
  limit: 'tooManyDoors',
  throttled: 'tooMany',
  conflict: 'changed',
  nonexistent: 'changed',
};

export class Doors {
  readonly #account: Pick<Account, 'change' | 'read'>;

  constructor(account: Pick<Account, 'change' | 'read'>) {
    this.#account = account;
  }

  /** Undefined: it was not reached. */
  async look(): Promise<SecurityFacts | undefined> {
    return (await this.#account.read('/web/security')) as SecurityFacts | undefined;
  }

  beginApp(password: string): Promise<DoorAnswer<NewKey>> {
    return this.#ask('totp/begin', { password });
  }

  addApp(password: string, key: string, code: string): Promise<DoorAnswer<ChangedDoors>> {
    return this.#ask('totp', { password, key, code });
  }

  removeApp(password: string): Promise<DoorAnswer<ChangedDoors>> {
    return this.#ask('totp/remove', { password });
  }

  renewCodes(password: string): Promise<DoorAnswer<ChangedDoors>> {
    return this.#ask('codes', { password });
  }

  beginPasskey(password: string): Promise<DoorAnswer<object>> {
    return this.#ask('passkey/begin', { password });
  }

  addPasskey(password: string, name: string, made: object): Promise<DoorAnswer<ChangedDoors>> {
    return this.#ask('passkey', { password, name, made });
  }

  removePasskey(password: string, id: number): Promise<DoorAnswer<ChangedDoors>> {
    return this.#ask('passkey/remove', { password, id });
  }

  async #ask<T>(what: string, body: object): Promise<DoorAnswer<T>> {
    const { status, value } = await this.#account.change(`/web/security/${what}`, body);
    if (status === 200) return { value: value as T };
    const { error = '' } = (value ?? {}) as { readonly error?: string };
    return { fault: FAULTS[error] ?? 'failed' };
  }
}
