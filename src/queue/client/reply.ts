/**
 * What a server says to us (RFC 5321 §4.2), from octets as they come. Pure. A server that says more than anybody would is not
 * listened to: a line has at most 2 KiB, a reply 100 lines.
 */
export interface HopReply {
  readonly code: number;
  /** Without codes, one per line of the reply; octets one per character. */
  readonly lines: readonly string[];
  /** `5.1.1` where one was given (RFC 2034). */
  readonly status?: string;
}

const LINE = /^(\d{3})(?:([ -])(.*))?$/s;
const STATUS = /^([245]\.\d{1,3}\.\d{1,3})(?: |$)/;
const MAX_LINE_BYTES = 2048;
const MAX_LINES = 100;

export class NoReply extends Error {
  override readonly name = 'NoReply';
}

export class ReplyParser {
  #rest = '';
  #lines: string[] = [];
  #code: number | undefined;

  /** Half a reply has come. */
  get isInside(): boolean {
    return this.#rest !== '' || this.#lines.length > 0;
  }

  /** Those that are whole now. Throws `NoReply` for what is none. */
  feed(chunk: Buffer): HopReply[] {
    const replies: HopReply[] = [];
    const text = this.#rest + chunk.toString('latin1');
    let at = 0;
    for (let lf = text.indexOf('\n'); lf >= 0; lf = text.indexOf('\n', at)) {
      const line = text.slice(at, lf).replace(/\r$/, '');
      at = lf + 1;
      if (line.length > MAX_LINE_BYTES) throw new NoReply('a line of its reply is too long');
      const reply = this.#line(line);
      if (reply !== undefined) replies.push(reply);
    }
    this.#rest = text.slice(at);
    if (this.#rest.length > MAX_LINE_BYTES) throw new NoReply('a line of its reply is too long');
    return replies;
  }

  #line(line: string): HopReply | undefined {
    const [, digits, more, text = ''] = LINE.exec(line) ?? [];
    const code = Number(digits);
    if (digits === undefined || code < 200 || code > 599)
      throw new NoReply(`it does not speak SMTP: ${printable(line).slice(0, 80)}`);
    if (this.#code !== undefined && this.#code !== code)
      throw new NoReply('the lines of its reply have different codes');
    this.#lines.push(text);
    if (this.#lines.length > MAX_LINES) throw new NoReply('its reply does not end');
    if (more === '-') {
      this.#code = code;
      return undefined;
    }
    const status = STATUS.exec(this.#lines[0] as string)?.[1];
    const reply = {
      code,
      lines: this.#lines.map((one) => one.replace(STATUS, '')),
      ...(status === undefined ? {} : { status }),
    };
    this.#lines = [];
    this.#code = undefined;
    return reply;
  }
}

/** In one line, as people and reports get it: ASCII without control characters. */
export function replyText({ code, status, lines }: HopReply, mostLength = 400): string {
  const words = printable(lines.join(' ')).trim();
  const text = [code, status, words].filter((part) => part !== undefined && part !== '').join(' ');
  return text.length > mostLength ? `${text.slice(0, mostLength - 3)}...` : text;
}

export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}

export const isPositive = ({ code }: HopReply): boolean => code < 400;
export const isPermanent = ({ code }: HopReply): boolean => code >= 500;
