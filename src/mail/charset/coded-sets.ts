/**
 * The sets of characters that ISO 2022 switches between, and the escape sequences that name them (the registry of ISO/IEC 2375).
 *
 * Promises: a text for any octets; U+FFFD for what a set does not have. Octets may have their high bit set or not. Sets of
 * two octets get an even number of them.
 */
import iconv from 'iconv-lite';
import { big5FromCns } from './cns-11643.ts';
import { jisX0213 } from './jis-x-0213.ts';

export interface CodedSet {
  readonly width: 1 | 2;
  text(octets: Buffer): string;
}

const UNKNOWN = '\ufffd';

function oneByOne(glyph: (c: number) => string): CodedSet {
  return {
    width: 1,
    text: (octets) => {
      let out = '';
      for (const c of octets) out += glyph(c);
      return out;
    },
  };
}

function pairByPair(glyph: (first: number, second: number) => string | undefined): CodedSet {
  return {
    width: 2,
    text: (octets) => {
      let out = '';
      for (let i = 0; i + 1 < octets.length; i += 2)
        out += glyph((octets[i] as number) & 0x7f, (octets[i + 1] as number) & 0x7f) ?? UNKNOWN;
      return out;
    },
  };
}

/** Sets whose EUC form, the same octets with their high bits set, is a part of another charset. */
function inEuc(decode: (euc: Buffer) => string, lead?: number): CodedSet {
  const step = lead === undefined ? 2 : 3;
  return {
    width: 2,
    text: (octets) => {
      const euc = Buffer.allocUnsafe((octets.length >> 1) * step);
      let size = 0;
      for (let i = 0; i + 1 < octets.length; i += 2) {
        if (lead !== undefined) euc[size++] = lead;
        euc[size++] = (octets[i] as number) | 0x80;
        euc[size++] = (octets[i + 1] as number) | 0x80;
      }
      return decode(euc);
    },
  };
}

const platform = (name: string) => (euc: Buffer) => new TextDecoder(name).decode(euc);
const EUC_JP = platform('euc-jp');
/** EUC-JP has JIS X 0212 behind this octet. */
const SINGLE_SHIFT_3 = 0x8f;

const jisX0208 = inEuc(EUC_JP);

function cns(plane: 1 | 2): CodedSet {
  return pairByPair((first, second) => {
    const octets = big5FromCns(plane, first, second);
    return octets === undefined ? undefined : iconv.decode(Buffer.from(octets), 'big5hkscs');
  });
}

export const SETS = Object.freeze({
  ascii: {
    width: 1,
    text: (octets) => octets.toString('latin1').replace(/[\x80-\xff]/g, UNKNOWN),
  } satisfies CodedSet as CodedSet,
  /** JIS X 0201: ASCII but for two signs. */
  jisRoman: oneByOne((c) =>
    c === 0x5c ? '¥' : c === 0x7e ? '‾' : c < 0x80 ? String.fromCharCode(c) : UNKNOWN,
  ),
  katakana: oneByOne((octet) => {
    const c = octet & 0x7f;
    if (c <= 0x20) return String.fromCharCode(c);
    return c < 0x60 ? String.fromCharCode(0xff61 + c - 0x21) : UNKNOWN;
  }),
  latin1: oneByOne((c) => String.fromCharCode(c | 0x80)),
  greek: oneByOne((c) => new TextDecoder('iso-8859-7').decode(Buffer.of(c | 0x80))),
  jisX0208,
  jisX0212: inEuc(EUC_JP, SINGLE_SHIFT_3),
  jisX0213: pairByPair((first, second) => {
    return jisX0213(1, first, second) ?? jisX0208.text(Buffer.of(first, second));
  }),
  jisX0213Second: pairByPair((first, second) => jisX0213(2, first, second)),
  gb: inEuc(platform('gb18030')),
  ksc: inEuc((euc) => iconv.decode(euc, 'cp949')),
  cns1: cns(1),
  cns2: cns(2),
  /** A set without a table here. */
  none: pairByPair(() => undefined),
});

const OF_ONE_OCTET: Readonly<Record<string, CodedSet>> = {
  B: SETS.ascii,
  J: SETS.jisRoman,
  I: SETS.katakana,
};
const OF_96: Readonly<Record<string, CodedSet>> = { A: SETS.latin1, F: SETS.greek };
const OF_TWO_OCTETS: Readonly<Record<string, CodedSet>> = {
  '@': SETS.jisX0208,
  A: SETS.gb,
  B: SETS.jisX0208,
  C: SETS.ksc,
  D: SETS.jisX0212,
  // ISO-IR-165 is GB 2312 and some more.
  E: SETS.gb,
  G: SETS.cns1,
  H: SETS.cns2,
  O: SETS.jisX0213,
  P: SETS.jisX0213Second,
  Q: SETS.jisX0213,
};

/** The set that an escape sequence (without its ESC) designates; undefined when it designates none. */
export function finalSet(sequence: string): CodedSet | undefined {
  const parts = /^(\$?)([()*+,./-]?)([0-~])$/.exec(sequence);
  if (parts === null) return undefined;
  const [, wide, target, final] = parts as unknown as [string, string, string, string];
  if (wide !== '') return OF_TWO_OCTETS[final] ?? SETS.none;
  if (target === '') return undefined;
  // National forms of ASCII differ from it in a few signs.
  return /[-./]/.test(target) ? OF_96[final] : (OF_ONE_OCTET[final] ?? SETS.ascii);
}
