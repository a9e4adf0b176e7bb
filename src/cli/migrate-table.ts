/** The table of `migrate --csv`: whose mail is brought, in UTF-8 with commas, under a heading. */
import { Secret } from '../base/secret.ts';
import { readTableText } from './account-table.ts';
import { type CsvRecord, parseCsv } from './csv.ts';
import { UsageError } from './exit.ts';
import type { Person } from './migrate-source.ts';

type Column = 'account' | 'user' | 'password';

const NAMES: ReadonlyMap<string, Column> = new Map([
  ['account', 'account'],
  ['address', 'account'],
  ['email', 'account'],
  ['user', 'user'],
  ['source_user', 'user'],
  ['login', 'user'],
  ['password', 'password'],
  ['source_password', 'password'],
]);
const KNOWN = 'account (or address, email), user and password';

/** Throws UsageError, with the line, before anything is done. */
export function readPeople(file: string): readonly Person[] {
  const [heading, ...records] = [...parseCsv(readTableText(file))];
  if (heading === undefined) throw new UsageError(`${file} is empty`);
  const columns = heading.fields.map((field) => columnOf(file, heading, field));
  if (new Set(columns).size < columns.length)
    throw new UsageError(`${file}, line ${heading.line}: the heading has a column twice`);
  if (!columns.includes('account'))
    throw new UsageError(
      `${file}, line ${heading.line}: the heading has no account; it has ${KNOWN}, in any order`,
    );
  const seen = new Map<string, number>();
  const people = records.map((record) => personOf(file, record, columns, seen));
  if (people.length === 0) throw new UsageError(`${file} has a heading and nobody below it`);
  return people;
}

function columnOf(file: string, { line }: CsvRecord, field: string): Column {
  const column = NAMES.get(field.trim().toLowerCase().replace(/[ -]/g, '_'));
  if (column !== undefined) return column;
  // Not what stands there: it may be a password.
  throw new UsageError(`${file}, line ${line}: the first line is a heading, and has ${KNOWN}, in any order`);
}

function personOf(
  file: string,
  { line, fields, isBroken }: CsvRecord,
  columns: readonly Column[],
  seen: Map<string, number>,
): Person {
  const where = `${file}, line ${line}`;
  if (isBroken) throw new UsageError(`${where}: a quote is not closed`);
  if (fields.slice(columns.length).some((field) => field.trim() !== ''))
    throw new UsageError(`${where}: expected ${columns.join(',')} and found ${fields.length} fields`);
  const value = (column: Column): string => fields[columns.indexOf(column)] ?? '';
  const account = value('account').trim();
  if (account === '') throw new UsageError(`${where}: the account is empty`);
  const before = seen.get(account.toLowerCase());
  if (before !== undefined) throw new UsageError(`${where}: line ${before} has the same account`);
  seen.set(account.toLowerCase(), line);
  const [user, password] = [value('user').trim(), value('password')];
  return {
    account,
    ...(user === '' ? {} : { user }),
    ...(password === '' ? {} : { password: new Secret(password) }),
  };
}
