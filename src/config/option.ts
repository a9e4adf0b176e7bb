import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { LogLevel } from '../base/log.ts';
import { Secret } from '../base/secret.ts';

/**
 * What an option is: one value that holds its type, default, range and paragraph of documentation. Loading, the error
 * messages, `docs/CONFIG.md`, the sample file and the TypeScript type of the configuration all come from it, so none of
 * them can say something else.
 *
 * An option reads what TOML gives (string, integer, boolean) and what the environment and flags give (always text)
 * through the same schema. It does not know its own name: that is its place in the tree of declarations.
 */
export interface Option<T> {
  readonly kind: string;
  readonly doc: string;
  readonly default: T;
  /** What the error message says is wanted, after "expected". */
  readonly expected: string;
  readonly isSecret: boolean;
  readonly schema: z.ZodType<T, unknown>;
  /** The default as a line of TOML would have it; undefined: the sample shows none. */
  readonly shown: string | undefined;
  /** A value as a line of TOML has it, to be read back as the same value. */
  toml(value: T): string;
  /** The folder that relative paths start from is known only when loading. */
  fromFolder?(value: T, folder: string): T;
}

export interface OptionTree {
  readonly [name: string]: Option<unknown> | OptionTree;
}

/** The configuration that a tree of declarations yields. */
export type Values<Tree> = {
  readonly [Name in keyof Tree]: Tree[Name] extends Option<infer T> ? T : Values<Tree[Name]>;
};

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const PATH_EXPECTED = 'the path of a file or folder';

interface Declaration<T> {
  readonly default: T;
  readonly doc: string;
}

export function isOption(node: Option<unknown> | OptionTree): node is Option<unknown> {
  return typeof node.schema === 'object' && node.schema instanceof z.ZodType;
}

export function string(
  declaration: Declaration<string> & { readonly pattern?: RegExp; readonly expected?: string },
) {
  const { pattern = /^[^\0-\x1f]*$/, expected = 'a text' } = declaration;
  return option<string>('text', expected, declaration, z.string().regex(pattern), JSON.stringify);
}

/** A file or folder. */
export function path(declaration: Declaration<string>): Option<string> {
  const schema = z.string().min(1);
  return {
    ...option<string>('path', PATH_EXPECTED, declaration, schema, JSON.stringify),
    fromFolder: (value, folder) => resolve(folder, value),
  };
}

export function optionalPath(declaration: { readonly doc: string }): Option<string | undefined> {
  const schema = z.string().transform((text) => (text === '' ? undefined : text));
  return {
    ...option('path', PATH_EXPECTED, { ...declaration, default: undefined }, schema, textOrNone),
    shown: undefined,
    fromFolder: (value, folder) => (value === undefined ? undefined : resolve(folder, value)),
  };
}

export function secret(declaration: { readonly doc: string }): Option<Secret | undefined> {
  const schema = z
    .string()
    .min(1)
    .transform((text): Secret | undefined => new Secret(text));
  return {
    ...option<Secret | undefined>(
      'secret',
      'a text',
      { ...declaration, default: undefined },
      schema,
      () => '""',
    ),
    shown: undefined,
    isSecret: true,
  };
}

export function choice<const T extends string>(
  values: readonly T[],
  declaration: Declaration<T> & { readonly expected?: string },
): Option<T> {
  const listed = values.map((value) => JSON.stringify(value)).join(', ');
  const expected = declaration.expected ?? `one of ${listed}`;
  return option<T>(`one of ${listed}`, expected, declaration, z.enum(values), JSON.stringify);
}

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const satisfies readonly LogLevel[];

export function logLevel(declaration: Declaration<(typeof LOG_LEVELS)[number]>) {
  return choice(LOG_LEVELS, declaration);
}

export function boolean(declaration: Declaration<boolean>): Option<boolean> {
  const schema = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);
  return option('true or false', 'true or false', declaration, schema, String);
}

interface Range {
  readonly min: number;
  readonly max?: number;
}

export function integer(declaration: Declaration<number> & Range): Option<number> {
  const digits = z
    .string()
    .regex(/^\d{1,16}$/)
    .transform(Number);
  const schema = z.union([z.int(), digits]).refine(inRange(declaration));
  return option('number', `a number ${rangeText(declaration, String)}`, declaration, schema, String);
}

/** Milliseconds, written `30s`, `5m`, `12h`, `7d`, `250ms`. */
export function duration(
  declaration: { readonly default: string; readonly doc: string } & TextRange,
): Option<number> {
  return quantity('duration', 'a duration such as "30s" or "5m"', declaration, parseDuration, formatDuration);
}

/** Several, one behind the other: `1m, 5m, 1h`. */
export function durations(declaration: {
  readonly default: string;
  readonly doc: string;
}): Option<readonly number[]> {
  const parse = (text: string): (number | undefined)[] =>
    text.split(/[\s,]+/).flatMap((part) => (part === '' ? [] : [parseDuration(part)]));
  const schema = z.string().transform((text, context): readonly number[] => {
    const parsed = parse(text);
    const values = parsed.filter((value) => value !== undefined && value > 0);
    if (values.length === 0 || values.length < parsed.length) context.addIssue('not durations');
    return values as number[];
  });
  const value = { doc: declaration.doc, default: parse(declaration.default) as readonly number[] };
  return option('durations', 'durations such as "1m, 5m, 1h"', value, schema, (all) =>
    JSON.stringify(all.map(formatDuration).join(', ')),
  );
}

/** Bytes, written `10GiB`, `64KiB`, `500 MB`, or a bare number. */
/** Over TLS, or on this machine; or none. */
export const TRUSTED_URL = /^$|^https:\/\/[^\s/]+\S*$|^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])[:/]\S*$/;

export function size(
  declaration: { readonly default: string; readonly doc: string } & TextRange,
): Option<number> {
  return quantity('size', 'a size such as "64KiB" or "10GiB"', declaration, parseSize, formatSize);
}

/** Where to listen; undefined when switched off with an empty text. */
export function listen(declaration: {
  readonly default: string;
  readonly doc: string;
}): Option<ListenAddress | undefined> {
  const schema = z.string().transform((text, context): ListenAddress | undefined => {
    const address = text === '' ? undefined : parseListen(text);
    if (text !== '' && !address) context.addIssue('not an address');
    return address;
  });
  const expected = '"host:port" such as "127.0.0.1:1143" or "[::1]:1143", or "" to switch it off';
  const parsed = { doc: declaration.doc, default: parseListen(declaration.default) };
  return {
    ...option<ListenAddress | undefined>('address', expected, parsed, schema, listenToml),
    shown: JSON.stringify(declaration.default),
  };
}

/** Whom to ask, by address; none when the text is empty. */
/** Addresses and networks, `192.0.2.1` and `10.0.0.0/8`, as texts. */
export function networks(declaration: { readonly doc: string }): Option<readonly string[]> {
  const schema = z.string().transform((text, context): readonly string[] => {
    const parts = text.split(/[\s,]+/).filter((part) => part !== '');
    if (!parts.every(isNetwork)) context.addIssue('not an address or network');
    return parts;
  });
  const expected = 'addresses and networks such as "127.0.0.1, 10.0.0.0/8"';
  const empty: Declaration<readonly string[]> = { doc: declaration.doc, default: [] };
  return option('networks', expected, empty, schema, (parts) => JSON.stringify(parts.join(', ')));
}

function isNetwork(text: string): boolean {
  const [address = '', bits] = text.split('/');
  const most = { 4: 32, 6: 128 }[isIP(address)];
  if (most === undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
}

export function servers(declaration: { readonly doc: string; readonly port: number }) {
  const schema = z.string().transform((text, context): readonly ListenAddress[] => {
    const parsed = text.split(/[\s,]+/).filter((part) => part !== '');
    const addresses = parsed.map((part) => parseServer(part, declaration.port));
    const known = addresses.filter((address) => address !== undefined);
    if (known.length < addresses.length) context.addIssue('not an address');
    return known;
  });
  const expected = 'addresses such as "127.0.0.1, [::1]:5353"';
  const empty: Declaration<readonly ListenAddress[]> = { doc: declaration.doc, default: [] };
  return option('addresses', expected, empty, schema, (addresses) =>
    JSON.stringify(addresses.map((address) => JSON.parse(listenToml(address)) as string).join(', ')),
  );
}

function parseServer(text: string, port: number): ListenAddress | undefined {
  const plain = text.replace(/^\[(.*)\]$/, '$1');
  const address = isIP(plain) !== 0 ? { host: plain, port } : parseListen(text);
  return address !== undefined && isIP(address.host) !== 0 ? address : undefined;
}

function listenToml(address: ListenAddress | undefined): string {
  if (address === undefined) return '""';
  const { host, port } = address;
  return JSON.stringify(`${host.includes(':') ? `[${host}]` : host}:${port}`);
}

function textOrNone(value: string | undefined): string {
  return JSON.stringify(value ?? '');
}

interface TextRange {
  readonly min?: string;
  readonly max?: string;
}

function quantity(
  kind: string,
  expected: string,
  declaration: { readonly default: string; readonly doc: string } & TextRange,
  parse: (text: string) => number | undefined,
  format: (value: number) => string,
): Option<number> {
  const range = {
    min: parse(declaration.min ?? '0') ?? 0,
    ...(declaration.max !== undefined && { max: parse(declaration.max) ?? 0 }),
  };
  const schema = z
    .union([z.string(), z.int().transform(String)])
    .transform((text, context) => {
      const value = parse(text);
      if (value === undefined) context.addIssue(`not a ${kind}`);
      return value ?? 0;
    })
    .refine(inRange(range));
  const value = parse(declaration.default);
  if (value === undefined) throw new Error(`bad default ${declaration.default}`);
  const bounds = range.min > 0 || range.max !== undefined ? ` ${rangeText(range, format)}` : '';
  return option(kind, expected + bounds, { ...declaration, default: value }, schema, (amount) =>
    JSON.stringify(format(amount)),
  );
}

function option<T>(
  kind: string,
  expected: string,
  declaration: Declaration<T>,
  schema: z.ZodType<T, unknown>,
  toml: (value: T) => string,
): Option<T> {
  const { doc, default: value } = declaration;
  return Object.freeze({
    kind,
    expected,
    doc,
    default: value,
    schema,
    shown: toml(value),
    toml,
    isSecret: false,
  });
}

function inRange({ min, max = Number.MAX_SAFE_INTEGER }: Range): (value: number) => boolean {
  return (value) => value >= min && value <= max;
}

function rangeText({ min, max }: Range, format: (value: number) => string): string {
  return max === undefined ? `of at least ${format(min)}` : `from ${format(min)} to ${format(max)}`;
}

const DURATION_UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE_UNITS = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** A number without unit is refused: nobody remembers whether it would be seconds or milliseconds. Zero needs none. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const match = /^(\d{1,9}) ?(ms|s|m|h|d)$/.exec(text);
  if (!match) return undefined;
  return Number(match[1]) * DURATION_UNITS[match[2] as keyof typeof DURATION_UNITS];
}

export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,3})?) ?([kmgt]i?b|b)?$/i.exec(text);
  if (!match) return undefined;
  const unit = (match[2] ?? 'b').toLowerCase() as keyof typeof SIZE_UNITS;
  const bytes = Math.round(Number(match[1]) * SIZE_UNITS[unit]);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

function formatDuration(ms: number): string {
  if (ms === 0) return '0';
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (ms % DURATION_UNITS[unit] === 0) return `${ms / DURATION_UNITS[unit]}${unit}`;
  }
  return `${ms}ms`;
}

/** Exact, in the unit that takes the smallest number: `10GiB`, `500MB`. */
export function formatSize(bytes: number): string {
  let [count, shown] = [bytes, String(bytes)];
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB', 'TB', 'GB', 'MB'] as const) {
    const factor = SIZE_UNITS[unit.toLowerCase() as keyof typeof SIZE_UNITS];
    if (bytes % factor !== 0 || bytes / factor >= count) continue;
    [count, shown] = [bytes / factor, `${bytes / factor}${unit}`];
  }
  return shown;
}

/** `127.0.0.1:1143`, `[::1]:1143`; undefined when it is no address. */
export function parseListen(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-f:.%\w]{2,60})\]|([\w.-]{1,253}|\*)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) return undefined;
  const host = match[1] ?? match[2] ?? '';
  return { host: host === '*' ? '::' : host, port };
}
