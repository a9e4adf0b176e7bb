/**
 * Arguments of methods and properties of objects, read by tables: each name has a reader, which gives its value or says what is
 * wrong with it. A name that is not in the table is refused, with all others that are wrong, by name.
 */
import { MethodError } from './fault.ts';
import { isList, isObject, type Json, type JsonObject } from './json.ts';

/** Thrown by readers: where, and what was expected there. */
export class ReadFault extends Error {
  override readonly name = 'ReadFault';
  /** A pointer below the value that was read: `/2/name`; empty when it is the value itself. */
  readonly path: string;

  constructor(message: string, path = '') {
    super(message);
    this.path = path;
  }
}

/** Undefined: the argument is absent. Throws `ReadFault`. */
export type Reader<T> = (value: Json | undefined) => T;
export type Table = Readonly<Record<string, Reader<unknown>>>;
export type Values<T extends Table> = { readonly [K in keyof T]: ReturnType<T[K]> };

/** Throws `MethodError` `invalidArguments`, which names them (RFC 8620 §3.6.2). */
export function readArguments<T extends Table>(args: JsonObject, table: T): Values<T> {
  const { values, faults } = readTable(args, table);
  if (faults.length === 0) return values;
  const description = faults.map(({ name, text }) => `${name}: ${text}`).join('; ');
  throw new MethodError('invalidArguments', description, { arguments: faults.map(({ name }) => name) });
}

export interface TableFault {
  readonly name: string;
  readonly text: string;
}

/** The values, with what is wrong with others. */
export function readTable<T extends Table>(
  object: JsonObject,
  table: T,
): { readonly values: Values<T>; readonly faults: readonly TableFault[] } {
  const faults: TableFault[] = [];
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(object))
    if (!Object.hasOwn(table, name)) faults.push({ name: name.slice(0, 200), text: 'is not known' });
  for (const [name, read] of Object.entries(table)) {
    try {
      values[name] = read(object[name]);
    } catch (error) {
      if (!(error instanceof ReadFault)) throw error;
      faults.push({ name: name + error.path, text: error.message });
    }
  }
  return { values: values as Values<T>, faults };
}

const ID = /^[A-Za-z0-9_-]{1,255}$/;
const CREATED = /^#[A-Za-z0-9_-]{1,255}$/;

/** RFC 8620 §1.2. */
export const id: Reader<string> = (value) => matching(value, ID, 'an id');
/** Or a creation id with `#` before it (RFC 8620 §5.3). */
export const idOrCreated: Reader<string> = (value) =>
  typeof value === 'string' && CREATED.test(value) ? value : id(value);

export const text: Reader<string> = (value) => {
  if (typeof value !== 'string') throw new ReadFault('expected a string');
  return value;
};

export const boolean: Reader<boolean> = (value) => {
  if (typeof value !== 'boolean') throw new ReadFault('expected true or false');
  return value;
};

/** RFC 8620 §1.3: an integer between -(2^53-1) and 2^53-1. */
export const integer: Reader<number> = (value) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new ReadFault('expected an integer');
  return value;
};

export const unsigned: Reader<number> = (value) => {
  if (integer(value) < 0) throw new ReadFault('expected a number that is not negative');
  return value as number;
};

export const positive: Reader<number> = (value) => {
  if (integer(value) < 1) throw new ReadFault('expected a number above 0');
  return value as number;
};

/** RFC 8620 §1.4: `2014-10-30T06:12:00Z`, as milliseconds. */
export const utcDate: Reader<number> = (value) => {
  const time = matching(value, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/, 'a date in UTC');
  const ms = Date.parse(time);
  if (Number.isNaN(ms)) throw new ReadFault('expected a date in UTC');
  return ms;
};

export const object: Reader<JsonObject> = (value) => {
  if (!isObject(value)) throw new ReadFault('expected an object');
  return value;
};

export const anything: Reader<Json | undefined> = (value) => value;

/** Of a list: whatever is read of it is looked through in one go. No method takes as many. */
const MOST_IN_LIST = 20_000;

/** Throws `MethodError` `requestTooLarge` for one that is longer than any method takes. */
export function list<T>(read: Reader<T>): Reader<readonly T[]> {
  return (value) => {
    if (!isList(value)) throw new ReadFault('expected a list');
    if (value.length > MOST_IN_LIST)
      throw new MethodError('requestTooLarge', `at most ${MOST_IN_LIST} elements in a list`);
    return value.map((one, index) => within(String(index), () => read(one)));
  };
}

/** An object with names of any kind, and values of one. */
export function mapOf<T>(read: Reader<T>): Reader<ReadonlyMap<string, T>> {
  return (value) => {
    const out = new Map<string, T>();
    for (const [name, one] of Object.entries(object(value))) {
      if (one !== undefined)
        out.set(
          name,
          within(name, () => read(one)),
        );
    }
    return out;
  };
}

/** `null` and absent are one. */
export function optional<T>(read: Reader<T>): Reader<T | undefined> {
  return (value) => (value === undefined || value === null ? undefined : read(value));
}

export function withDefault<T>(read: Reader<T>, usual: T): Reader<T> {
  return (value) => (value === undefined || value === null ? usual : read(value));
}

export function oneOf<T extends string>(words: readonly T[]): Reader<T> {
  return (value) => {
    const found = words.find((word) => word === value);
    if (found === undefined) throw new ReadFault(`expected one of ${words.join(', ')}`);
    return found;
  };
}

/** An object with these names. */
export function record<T extends Table>(table: T): Reader<Values<T>> {
  return (value) => {
    const { values, faults } = readTable(object(value), table);
    const [first] = faults;
    if (first !== undefined) throw new ReadFault(first.text, `/${first.name}`);
    return values;
  };
}

export function matching(value: Json | undefined, pattern: RegExp, what: string): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw new ReadFault(`expected ${what}`);
  return value;
}

function within<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ReadFault)) throw error;
    throw new ReadFault(error.message, `/${escaped(name).slice(0, 200)}${error.path}`);
  }
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
