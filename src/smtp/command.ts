/**
 * Command lines of SMTP and its relatives: what is a verb, and the paths and parameters of MAIL and RCPT. Pure. Throws
 * `CommandFault`, which is the reply.
 *
 * Lenient where the sender is a program that has taken the message already (a refusal for its taste in addresses would
 * only bounce it): white space around the colon, a bare name instead of an address. Source routes are taken off, as
 * RFC 5321 §4.1.1.3 and appendix C ask.
 */
import type { Reply } from './reply.ts';

export class CommandFault extends Error {
  override readonly name = 'CommandFault';
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(reply.text);
    this.reply = reply;
  }
}

export interface CommandLine {
  /** In capitals; empty when there is none. */
  readonly verb: string;
  readonly argument: string;
}

export interface Path {
  /** Without brackets and route; empty for `<>`. */
  readonly address: string;
  /** By name in capitals; `''` for one without a value. */
  readonly parameters: ReadonlyMap<string, string>;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;
/** RFC 5321 appendix C: `@one.example,@two.example:`. */
const ROUTE = /^@[^\s,:@]+(?:,@[^\s,:@]+)*:/;
const PARAMETER = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\s=][^\s]*))?$/;

/** The line without its end. */
export function parseCommandLine(line: Buffer): CommandLine {
  let text: string;
  try {
    text = utf8.decode(line);
  } catch {
    throw new CommandFault({ code: 500, text: '5.5.2 the command is not in UTF-8' });
  }
  if (CONTROL.test(text)) {
    throw new CommandFault({ code: 500, text: '5.5.2 the command has control characters in it' });
  }
  const [, verb = '', argument = ''] = /^\s*([A-Za-z]*)(?:\s+(.*))?$/.exec(text) ?? [];
  return { verb: verb.toUpperCase(), argument: argument.trim() };
}

/** What follows MAIL (`FROM`) or RCPT (`TO`). */
export function parsePath(argument: string, preposition: 'FROM' | 'TO'): Path {
  const start = new RegExp(`^${preposition}\\s*:\\s*<`, 'i').exec(argument);
  const end = start === null ? -1 : pathEnd(argument, start[0].length);
  if (start === null || end < 0) {
    throw new CommandFault({ code: 501, text: `5.5.4 expected ${preposition}:<address>` });
  }
  const address = argument.slice(start[0].length, end).replace(ROUTE, '');
  return { address, parameters: parametersIn(argument.slice(end + 1)) };
}

/** Where the closing bracket is: not inside quotes (RFC 5321 §4.1.2 Quoted-string). */
function pathEnd(text: string, from: number): number {
  let isQuoted = false;
  for (let i = from; i < text.length; i++) {
    const c = text[i];
    if (isQuoted && c === '\\') i++;
    else if (c === '"') isQuoted = !isQuoted;
    else if (!isQuoted && c === '>') return i;
    else if (!isQuoted && (c === '<' || c === ' ' || c === '\t')) return -1;
  }
  return -1;
}

function parametersIn(text: string): Map<string, string> {
  const parameters = new Map<string, string>();
  if (text !== '' && !/^\s/.test(text))
    throw new CommandFault({ code: 501, text: '5.5.4 expected a blank after >' });
  for (const word of text.split(/\s+/).filter((one) => one !== '')) {
    const [, name, value = ''] = PARAMETER.exec(word) ?? [];
    if (name === undefined) throw new CommandFault({ code: 501, text: '5.5.4 a parameter cannot be read' });
    if (parameters.has(name.toUpperCase())) {
      throw new CommandFault({ code: 501, text: '5.5.4 a parameter stands there twice' });
    }
    parameters.set(name.toUpperCase(), value);
  }
  return parameters;
}
