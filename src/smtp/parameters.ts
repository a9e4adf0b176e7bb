/**
 * The parameters of MAIL and RCPT in one table: which extension brings them, with which command they come, and what they
 * say. Pure. A parameter is taken when its extension is offered to this client at this moment, and not otherwise
 * (RFC 5321 §4.1.1.11). Throws `CommandFault`, which is the reply.
 */
import { CommandFault } from './command.ts';
import { decodeXtext } from './xtext.ts';

/** A word of the answer to EHLO, with what follows it. */
export interface Extension {
  readonly keyword: ExtensionKeyword;
  readonly value?: string;
}

export type ExtensionKeyword =
  | 'PIPELINING'
  | 'SIZE'
  | '8BITMIME'
  | 'SMTPUTF8'
  | 'ENHANCEDSTATUSCODES'
  | 'STARTTLS'
  | 'AUTH'
  | 'DSN'
  | 'CHUNKING'
  | 'BURL'
  | 'BINARYMIME'
  | 'REQUIRETLS'
  | 'LIMITS'
  | 'FUTURERELEASE'
  | 'MT-PRIORITY'
  | 'DELIVERBY'
  | 'XFORWARD';

export type Body = '7BIT' | '8BITMIME' | 'BINARYMIME';

export interface MailParameters {
  /** RFC 1870: octets, as the client counts them. */
  readonly size?: number;
  /** RFC 6152, RFC 3030. */
  readonly body?: Body;
  /** RFC 6531. */
  readonly utf8?: true;
  /** RFC 3461 §4.3. */
  readonly ret?: 'FULL' | 'HDRS';
  /** RFC 3461 §4.4, as it came: in xtext. */
  readonly envid?: string;
  /** RFC 8689. */
  readonly requireTls?: true;
  /** RFC 4954 §5; nobody is believed. */
  readonly auth?: string;
  /** RFC 4865: seconds from now. */
  readonly holdForSeconds?: number;
  /** RFC 4865: ms since 1970. */
  readonly holdUntilMs?: number;
  /** RFC 6710: -9..9. */
  readonly priority?: number;
  /** RFC 2852. */
  readonly deliverBy?: {
    readonly seconds: number;
    readonly mode: 'return' | 'notify';
    readonly isTraced: boolean;
  };
}

export type Notification = 'SUCCESS' | 'FAILURE' | 'DELAY';

export interface RecipientParameters {
  /** RFC 3461 §4.1. Empty: NEVER. Absent: as the server likes, which is failures. */
  readonly notify?: readonly Notification[];
  /** RFC 3461 §4.2, as it came: type, semicolon, and xtext. */
  readonly orcpt?: string;
  /** Between processes of ours: this one passes on what the address leads to elsewhere. */
  readonly isForwarder?: true;
  /** Between processes of ours: what its sender is told here of its arrival; `untold`: nothing, somebody else does. */
  readonly arrival?: 'untold' | 'relayed' | 'expanded';
}

interface Row<Values> {
  readonly extension: ExtensionKeyword;
  /** `value` is empty for a parameter without one. */
  parse(value: string, offers: ReadonlySet<ExtensionKeyword>): Values;
}

/** RFC 3461 §4.4. */
export const MAX_ENVID = 100;
/** RFC 3461 §4.2. */
export const MAX_ORCPT = 500;
/** RFC 1870 §5: up to twenty digits; what cannot be counted is too big for anybody. */
const SIZE = /^\d{1,20}$/;
const NOTIFY = new Set<string>(['SUCCESS', 'FAILURE', 'DELAY']);

const MAIL: Readonly<Record<string, Row<MailParameters>>> = Object.freeze({
  SIZE: {
    extension: 'SIZE',
    parse: (value) => (SIZE.test(value) ? { size: Number(value) } : wrong('SIZE is a number of octets')),
  },
  BODY: {
    extension: '8BITMIME',
    parse(value, offers) {
      const body = value.toUpperCase();
      if (body === '7BIT' || body === '8BITMIME') return { body };
      if (body === 'BINARYMIME' && offers.has('BINARYMIME')) return { body };
      return wrong(`BODY is 7BIT${offers.has('BINARYMIME') ? ', 8BITMIME or BINARYMIME' : ' or 8BITMIME'}`);
    },
  },
  SMTPUTF8: { extension: 'SMTPUTF8', parse: (value) => ({ ...nothing('SMTPUTF8', value), utf8: true }) },
  RET: {
    extension: 'DSN',
    parse(value) {
      const ret = value.toUpperCase();
      return ret === 'FULL' || ret === 'HDRS' ? { ret } : wrong('RET is FULL or HDRS');
    },
  },
  ENVID: {
    extension: 'DSN',
    parse(value) {
      const name = decodeXtext(value);
      const isRight = name !== undefined && /^[\x20-\x7e]+$/.test(name) && value.length <= MAX_ENVID;
      return isRight ? { envid: value } : wrong(`ENVID is xtext of at most ${MAX_ENVID} characters`);
    },
  },
  REQUIRETLS: {
    extension: 'REQUIRETLS',
    parse: (value) => ({ ...nothing('REQUIRETLS', value), requireTls: true }),
  },
  AUTH: {
    extension: 'AUTH',
    parse: (value) => (decodeXtext(value) ? { auth: value } : wrong('AUTH is a mailbox in xtext, or <>')),
  },
  HOLDFOR: {
    extension: 'FUTURERELEASE',
    parse: (value) =>
      /^[1-9]\d{0,8}$/.test(value)
        ? { holdForSeconds: Number(value) }
        : wrong('HOLDFOR is a number of seconds'),
  },
  HOLDUNTIL: {
    extension: 'FUTURERELEASE',
    parse(value) {
      const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i.test(value)
        ? Date.parse(value)
        : NaN;
      return Number.isNaN(ms)
        ? wrong('HOLDUNTIL is a time such as 2030-01-31T08:00:00Z')
        : { holdUntilMs: ms };
    },
  },
  BY: {
    extension: 'DELIVERBY',
    parse(value) {
      const [, digits, mode, trace] = /^(-?\d{1,9});([NR])(T?)$/i.exec(value) ?? [];
      const seconds = Number(digits);
      const isReturned = mode?.toUpperCase() === 'R';
      if (digits === undefined || (isReturned && seconds <= 0))
        return wrong('BY is a number of seconds, a semicolon and R or N; above 0 with R');
      return { deliverBy: { seconds, mode: isReturned ? 'return' : 'notify', isTraced: trace !== '' } };
    },
  },
  'MT-PRIORITY': {
    extension: 'MT-PRIORITY',
    parse: (value) =>
      /^-?[0-9]$/.test(value) ? { priority: Number(value) } : wrong('MT-PRIORITY is a number from -9 to 9'),
  },
});

const RECIPIENT: Readonly<Record<string, Row<RecipientParameters>>> = Object.freeze({
  XFORWARD: {
    extension: 'XFORWARD',
    parse: (value) => ({ ...nothing('XFORWARD', value), isForwarder: true }),
  },
  XARRIVAL: {
    extension: 'XFORWARD',
    parse: (value) =>
      value === 'untold' || value === 'relayed' || value === 'expanded'
        ? { arrival: value }
        : wrong('XARRIVAL is untold, relayed or expanded'),
  },
  NOTIFY: {
    extension: 'DSN',
    parse(value) {
      const words = value.toUpperCase().split(',');
      if (words.length === 1 && words[0] === 'NEVER') return { notify: [] };
      const isRight = words.every((word) => NOTIFY.has(word)) && new Set(words).size === words.length;
      return isRight
        ? { notify: words as Notification[] }
        : wrong('NOTIFY is NEVER, or some of SUCCESS, FAILURE, DELAY');
    },
  },
  ORCPT: {
    extension: 'DSN',
    parse(value) {
      const [, type, address = ''] = /^([A-Za-z0-9-]{1,40});(.+)$/.exec(value) ?? [];
      // RFC 6533 §3: `utf-8` brings addresses that xtext cannot write; what is no control character is let be.
      const isRight =
        type?.toLowerCase() === 'utf-8' ? !/\p{Cc}|=/u.test(address) : Boolean(decodeXtext(address));
      return isRight && value.length <= MAX_ORCPT
        ? { orcpt: value }
        : wrong('ORCPT is a type, a semicolon and an address in xtext');
    },
  },
});

/** `words`: by name in capitals, as `parsePath` gives them. */
export function mailParameters(
  words: ReadonlyMap<string, string>,
  offers: ReadonlySet<ExtensionKeyword>,
): MailParameters {
  const parameters = parsed(words, MAIL, offers);
  if (parameters.holdForSeconds !== undefined && parameters.holdUntilMs !== undefined)
    return wrong('HOLDFOR and HOLDUNTIL say two things');
  return parameters;
}

export function recipientParameters(
  words: ReadonlyMap<string, string>,
  offers: ReadonlySet<ExtensionKeyword>,
): RecipientParameters {
  return parsed(words, RECIPIENT, offers);
}

/** As a process of ours writes them for another, a blank before each: what a message keeps until it has arrived. */
export function mailWords({ ret, envid, requireTls, deliverBy }: MailParameters): string {
  return [
    ret && `RET=${ret}`,
    envid && `ENVID=${envid}`,
    requireTls && 'REQUIRETLS',
    deliverBy && `BY=${byWord(deliverBy)}`,
  ]
    .map(worded)
    .join('');
}

/** RFC 2852 §4. */
export function byWord({ seconds, mode, isTraced }: NonNullable<MailParameters['deliverBy']>): string {
  return `${seconds};${mode === 'return' ? 'R' : 'N'}${isTraced ? 'T' : ''}`;
}

export function recipientWords(
  { notify, orcpt, arrival }: RecipientParameters,
  isForwarder: boolean,
): string {
  const wanted = notify && `NOTIFY=${notify.join(',') || 'NEVER'}`;
  const told = arrival && `XARRIVAL=${arrival}`;
  return [wanted, orcpt && `ORCPT=${orcpt}`, isForwarder && 'XFORWARD', told].map(worded).join('');
}

function worded(word: string | false | undefined): string {
  return word ? ` ${word}` : '';
}

function parsed<Values extends object>(
  words: ReadonlyMap<string, string>,
  table: Readonly<Record<string, Row<Values>>>,
  offers: ReadonlySet<ExtensionKeyword>,
): Values {
  const values = {} as Values;
  for (const [name, value] of words) {
    const row = Object.hasOwn(table, name) ? table[name] : undefined;
    if (row === undefined || !offers.has(row.extension)) {
      throw new CommandFault({
        code: 555,
        text: `5.5.4 the parameter ${name.slice(0, 40)} is not offered here`,
      });
    }
    Object.assign(values, row.parse(value, offers));
  }
  return values;
}

function nothing(name: string, value: string): Record<never, never> {
  return value === '' ? {} : wrong(`${name} has no value`);
}

function wrong(what: string): never {
  throw new CommandFault({ code: 501, text: `5.5.4 ${what}` });
}
