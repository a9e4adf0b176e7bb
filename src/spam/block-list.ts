/**
 * One entry of the option that names lists of addresses in the DNS (RFC 5782), as postscreen writes them:
 * `zone=127.0.0.[2..11]*3`. Which answers count, and for how much; less than nothing for a list of who is known to be good.
 */
export interface BlockList {
  readonly zone: string;
  readonly weight: number;
  /** Of each of the four numbers of an answer the lowest and the highest. */
  readonly answers: readonly (readonly (readonly [low: number, high: number])[])[] | undefined;
}

const ENTRY = /^([a-z0-9](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9_-]+)+)(?:=([\d.[\];]+))?(?:\*(-?\d{1,3}))?$/i;
const NUMBER = /^(\d{1,3})(?:\.\.(\d{1,3}))?$/;
export const MAX_LISTS = 20;

/** Separated by commas or spaces. Undefined: it cannot be read, or there are too many. */
export function parseBlockLists(text: string): readonly BlockList[] | undefined {
  const lists = text
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map(parseEntry);
  const known = lists.filter((list) => list !== undefined);
  return known.length < lists.length || lists.length > MAX_LISTS ? undefined : known;
}

function parseEntry(entry: string): BlockList | undefined {
  const [, zone, filter, weight = '1'] = ENTRY.exec(entry) ?? [];
  if (zone === undefined || zone.length > 180) return undefined;
  const answers = filter === undefined ? undefined : parseFilter(filter);
  if (filter !== undefined && answers === undefined) return undefined;
  return { zone: zone.toLowerCase(), weight: Number(weight), answers };
}

/** `127.0.[0..255].[1;3..4]`. */
function parseFilter(filter: string): BlockList['answers'] {
  const parts = filter.match(/\[[^\]]*\]|\d+/g) ?? [];
  if (parts.length !== 4 || parts.join('.') !== filter) return undefined;
  const ranges = parts.map((part) =>
    part
      .replace(/^\[|\]$/g, '')
      .split(';')
      .map(parseRange),
  );
  return ranges.every((one) => one.every((range) => range !== undefined))
    ? (ranges as BlockList['answers'])
    : undefined;
}

function parseRange(text: string): readonly [number, number] | undefined {
  const [, low, high = low] = NUMBER.exec(text) ?? [];
  return low === undefined || Number(low) > Number(high) || Number(high) > 255
    ? undefined
    : [Number(low), Number(high)];
}

/**
 * The address of an answer says that something is on the list. Without a filter that is every one of 127.0.0.0/8 (RFC 5782 §2.1) but
 * those by which lists refuse to answer, 127.255.255.0/24.
 */
export function isListed({ answers }: BlockList, addresses: readonly string[]): boolean {
  return addresses.some((address) => {
    const numbers = address.split('.').map(Number);
    if (numbers[0] !== 127 || (numbers[1] === 255 && numbers[2] === 255)) return false;
    if (answers === undefined) return true;
    return answers.every((ranges, i) =>
      ranges.some(([low, high]) => (numbers[i] as number) >= low && (numbers[i] as number) <= high),
    );
  });
}
