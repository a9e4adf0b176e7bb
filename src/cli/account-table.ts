/**
 * The table that `account import` reads: UTF-8, comma-separated, a heading that names its columns in any order, or none and
 * then address, password, quota. What cannot be meant is refused before anything is done: a file whose columns are
 * guessed wrong would make accounts whose address is somebody's password.
 */
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import type { AccountToAdd, Credential } from '../admin/admin.ts';
import { Secret } from '../base/secret.ts';
import { parseSize } from '../config/option.ts';
import { unreadable } from '../config/unreadable.ts';
import { looksLikeHash } from '../identity/hashes/foreign-hash.ts';
import type { OwnLimits } from '../mailbox/model/quota.ts';
import { type CsvRecord, parseCsv } from './csv.ts';
import { UsageError } from './exit.ts';
import { counted } from './terminal.ts';

export interface TableLine {
  readonly line: number;
  readonly address: string;
  /** The account, or why the line is none. */
  readonly account: AccountToAdd | string;
}

type Column = 'address' | 'password' | 'password_hash' | 'quota' | 'messages';

const NAMES: ReadonlyMap<string, Column> = new Map([
  ['address', 'address'],
  ['email', 'address'],
  ['password', 'password'],
  ['password_hash', 'password_hash'],
  ['hash', 'password_hash'],
  ['quota', 'quota'],
  ['messages', 'messages'],
]);
const DEFAULT_COLUMNS: readonly Column[] = ['address', 'password', 'quota'];
const KNOWN = 'address (or email), password, password_hash (or hash), quota and messages';

/** Throws UsageError when the file as a whole is not such a table. */
export function readAccountTable(file: string): TableLine[] {
  const records = [...parseCsv(readTableText(file))];
  const first = records[0];
  if (first === undefined) return [];
  // An address has an `@`, a heading has none.
  const hasHeading = !first.fields.some((field) => field.includes('@'));
  if (hasHeading) records.shift();
  const columns = hasHeading ? columnsOf(file, first) : DEFAULT_COLUMNS;
  if (!hasHeading && first.fields[0]?.includes('@') !== true) {
    throw new UsageError(
      `${file}, line ${first.line}: without a heading the first field is the address, and this one is none; put a line such as password,address in front`,
    );
  }
  const seen = new Map<string, number>();
  return records.map((record) => lineOf(record, columns, seen));
}

export function readTableText(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new UsageError(unreadable(file, error));
  }
  const start = bytes.toString('hex', 0, 2);
  if (start === 'feff' || start === 'fffe') {
    throw new UsageError(`${file} is UTF-16; save it as UTF-8, nothing was done`);
  }
  if (isUtf8(bytes) && !bytes.includes(0)) return bytes.toString('utf8');
  let line = 1;
  for (let at = 0; at < bytes.length; line++) {
    const lf = bytes.indexOf(0x0a, at);
    const text = bytes.subarray(at, lf < 0 ? bytes.length : lf);
    if (!isUtf8(text) || text.includes(0)) break;
    at = lf + 1;
  }
  throw new UsageError(`${file}, line ${line} is not UTF-8; save the file as UTF-8, nothing was done`);
}

function columnsOf(file: string, heading: CsvRecord): Column[] {
  const where = `${file}, line ${heading.line}`;
  const columns = heading.fields.map((field) => {
    const name = field.trim().toLowerCase().replace(/[ -]/g, '_');
    const column = NAMES.get(name);
    if (column !== undefined) return column;
    const separator = /[;\t|]/.exec(field)?.[0];
    if (separator !== undefined)
      throw new UsageError(
        `${where}: fields are separated by commas, and here it looks like "${separator === '\t' ? 'tabs' : separator}"`,
      );
    throw new UsageError(
      `${where}: neither an account, for it has no address with an @, nor a heading; a heading has ${KNOWN}, in any order`,
    );
  });
  const twice = columns.find((column, i) => columns.indexOf(column) !== i);
  if (twice !== undefined) throw new UsageError(`${where}: the heading has ${twice} twice`);
  if (!columns.includes('address')) throw new UsageError(`${where}: the heading has no address`);
  if (!columns.includes('password') && !columns.includes('password_hash'))
    throw new UsageError(`${where}: the heading has neither password nor password_hash`);
  return columns;
}

function lineOf(record: CsvRecord, columns: readonly Column[], seen: Map<string, number>): TableLine {
  const { line, fields, isBroken } = record;
  const value = (column: Column): string => fields[columns.indexOf(column)] ?? '';
  const address = (value('address') || (fields[0] ?? '')).trim();
  const because = (why: string): TableLine => ({ line, address, account: why });
  if (isBroken) return because('a quote is not closed');
  const isTooLong = fields.slice(columns.length).some((field) => field.trim() !== '');
  if (fields.length < 2 || isTooLong)
    return because(`expected ${columns.join(',')} and found ${counted(fields.length, 'field')}`);
  if (address === '') return because('the address is empty');
  const before = seen.get(address.toLowerCase());
  if (before !== undefined) return because(`line ${before} has the same address`);
  seen.set(address.toLowerCase(), line);
  const credential = credentialOf(value('password'), value('password_hash').trim());
  if (typeof credential === 'string') return because(credential);
  const limits = limitsOf(value('quota').trim(), value('messages').trim());
  if (typeof limits === 'string') return because(limits);
  return { line, address, account: { address, ...credential, ...limits } };
}

function credentialOf(password: string, hash: string): Credential | string {
  if (password !== '' && hash !== '') return 'it has both a password and a hash';
  if (hash !== '') return { passwordHash: new Secret(hash) };
  if (password === '') return 'the password is empty';
  if (looksLikeHash(password.trim())) return { passwordHash: new Secret(password.trim()) };
  return { password: new Secret(password) };
}

function limitsOf(quota: string, messages: string): OwnLimits | string {
  const quotaBytes = quota === 'none' ? quota : quota === '' ? undefined : parseSize(quota);
  if (quotaBytes === undefined && quota !== '') return `quota "${quota}" is not a size such as 10GiB`;
  if (!/^(?:|none|\d{1,12})$/.test(messages)) return `messages "${messages}" is not a number`;
  return {
    ...(quotaBytes === undefined ? {} : { quotaBytes }),
    ...(messages === '' ? {} : { quotaMessages: messages === 'none' ? messages : Number(messages) }),
  };
}
