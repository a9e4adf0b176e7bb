/** An authenticator app: the codes of a key, each shown once, as the server takes them. */
import { TOTP } from 'otpauth';

const STEP_MS = 30_000;

export class AuthenticatorApp {
  #last = 0;
  readonly #totp: TOTP;

  constructor(key: string) {
    this.#totp = new TOTP({ secret: key });
  }

  /** Of a step before this one, if that was not shown, so that three are good within half a minute. */
  next(): string {
    this.#last = Math.max(Math.floor(Date.now() / STEP_MS) - 1, this.#last + 1);
    return this.#totp.generate({ timestamp: this.#last * STEP_MS });
  }
}
