import type { StreamTap } from './outbox.ts';

/**
 * What was said on a connection, line by line, for tests and for looking at a client that misbehaves. Passwords do not
 * get in: everything a client sends from a command that carries credentials until the server's next line is shown as
 * stars, so is every answer to a `+` that asks for more of them. Long data is cut. Nothing here is on the serving path unless asked for.
 */
const MAX_LINE = 400;
/** `a1 LOGIN x y`, `a1 AUTHENTICATE PLAIN xyz`, `PASS x`, `AUTH PLAIN xyz`, `APOP x y`; the verb stays visible. */
const CREDENTIALS =
  /^((?:\S{1,64} )?(?:LOGIN|AUTHENTICATE(?: [\w-]{1,20})?|PASS|AUTH(?: [\w-]{1,20})?|APOP))(?: |$)/i;

export class Transcript implements StreamTap {
  readonly #write: (line: string) => void;
  #incoming = '';
  #outgoing = '';
  #isSecret = false;

  /** `write` gets lines without their end: `C: a1 NOOP`, `S: a1 OK done`. */
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  received(bytes: Buffer): void {
    this.#incoming = this.#lines(this.#incoming + bytes.toString('latin1'), (line) => {
      const credentials = CREDENTIALS.exec(line);
      if (credentials) this.#isSecret = true;
      if (credentials) this.#write(`C: ${credentials[1]} ****`);
      else this.#write(this.#isSecret ? 'C: ****' : `C: ${line}`);
    });
  }

  /** A continuation keeps the secret going, any other line ends it. */
  sent(bytes: Buffer): void {
    this.#outgoing = this.#lines(this.#outgoing + bytes.toString('latin1'), (line) => {
      if (!line.startsWith('+ ') && line !== '+') this.#isSecret = false;
      this.#write(`S: ${line}`);
    });
  }

  #lines(text: string, show: (line: string) => void): string {
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      const line = text.slice(from, text[end - 1] === '\r' ? end - 1 : end);
      show(line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}… (${line.length})` : line);
      from = end + 1;
    }
    const rest = text.slice(from);
    return rest.length > 64 * 1024 ? rest.slice(0, MAX_LINE) : rest;
  }
}
