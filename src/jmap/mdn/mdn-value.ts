/** An MDN as a client says it (RFC 9007 §2). Pure. */
import {
  boolean,
  oneOf,
  optional,
  type Reader,
  ReadFault,
  readTable,
  record,
  text,
  withDefault,
} from '../core/arguments.ts';
import { SetError } from '../core/fault.ts';
import { isObject, type JsonObject } from '../core/json.ts';

const ACTIONS = ['manual-action', 'automatic-action'] as const;
const SENDINGS = ['mdn-sent-manually', 'mdn-sent-automatically'] as const;
const TYPES = ['deleted', 'dispatched', 'displayed', 'processed'] as const;

export interface Disposition {
  readonly actionMode: (typeof ACTIONS)[number];
  readonly sendingMode: (typeof SENDINGS)[number];
  readonly type: (typeof TYPES)[number];
}

export interface GivenMdn {
  /** As the client says it. */
  readonly forEmailId: string;
  readonly subject: string | undefined;
  readonly textBody: string | undefined;
  readonly includeOriginalMessage: boolean;
  readonly reportingUA: string | undefined;
  readonly disposition: Disposition;
  readonly finalRecipient: string | undefined;
  readonly extensionFields: ReadonlyMap<string, string>;
}

const MAX_TEXT_BYTES = 64 * 1024;
const MAX_SUBJECT = 500;
const MAX_FIELDS = 20;
const CONTROL = /[\p{Cc}\u2028\u2029]/u;
/** RFC 8098 §3.2: what only a server says, or what has its own property. */
const OWN_FIELDS = new Set(
  ['reporting-ua', 'mdn-gateway', 'original-recipient', 'final-recipient', 'original-message-id'].concat([
    ...['disposition', 'failure', 'error', 'warning'],
  ]),
);

/** One line of it is a field. */
const line: Reader<string> = (value) => {
  const one = text(value);
  if (!/^[\x20-\x7e]{1,500}$/.test(one))
    throw new ReadFault('expected one line of printable ASCII characters');
  return one;
};

const subject: Reader<string> = (value) => {
  const one = text(value);
  if (one.length > MAX_SUBJECT || CONTROL.test(one))
    throw new ReadFault(`expected one line of ${MAX_SUBJECT} characters`);
  return one;
};

const body: Reader<string> = (value) => {
  const one = text(value);
  if (Buffer.byteLength(one) > MAX_TEXT_BYTES || one.includes('\0'))
    throw new ReadFault(`expected a text of at most ${MAX_TEXT_BYTES} octets`);
  return one;
};

const address: Reader<string> = (value) => {
  const one = text(value);
  if (one.length > 500 || CONTROL.test(one)) throw new ReadFault('expected an address');
  return one;
};

const fields: Reader<ReadonlyMap<string, string>> = (value) => {
  const all = isObject(value) ? Object.entries(value) : undefined;
  if (all === undefined || all.length > MAX_FIELDS)
    throw new ReadFault(`expected at most ${MAX_FIELDS} fields`);
  return new Map(
    all.map(([name, one]) => {
      if (!/^[!-9;-~]{1,76}$/.test(name) || OWN_FIELDS.has(name.toLowerCase()))
        throw new ReadFault(`${name.slice(0, 100)}: is no name of an extension`);
      return [name, line(one)];
    }),
  );
};

const TABLE = {
  forEmailId: text,
  subject: optional(subject),
  textBody: optional(body),
  includeOriginalMessage: withDefault(boolean, false),
  reportingUA: optional(line),
  disposition: record({ actionMode: oneOf(ACTIONS), sendingMode: oneOf(SENDINGS), type: oneOf(TYPES) }),
  finalRecipient: optional(address),
  extensionFields: withDefault(fields, new Map<string, string>()),
};

/** Throws SetError `invalidProperties`. */
export function givenMdn(object: JsonObject): GivenMdn {
  const { values, faults } = readTable(object, TABLE);
  if (faults.length === 0) return values as GivenMdn;
  const properties = [...new Set(faults.map(({ name }) => name.split('/', 1)[0] as string))];
  throw new SetError('invalidProperties', faults[0]?.text, { properties: properties.slice(0, 50) });
}
