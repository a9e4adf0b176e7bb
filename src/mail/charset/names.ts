/**
 * The names of charsets as mail writes them: IANA's, those of operating systems and of the programs that wrote the mail,
 * and the frequent misspellings; for each the one charset that is meant and who can decode it.
 *
 * Promises: the same charset for a name however it is punctuated and capitalized: `ISO_8859-1:1987`, `iso88591` and
 * `"iso-8859-1"` are one. Where a charset has a superset that real mail uses under its name (GB 18030 for GB 2312, Windows-949
 * for KS C 5601, windows-1252 for Latin 1, Big5-HKSCS for Big5) the superset is what is meant, as browsers have it. Undefined
 * for what nobody here can decode. Leaves to others: decoding.
 */

/** `own` is decoded by this folder, `platform` by Node's TextDecoder, `library` by iconv-lite. */
export interface Charset {
  readonly by: 'own' | 'platform' | 'library';
  readonly name: string;
  /** Escapes and shifts change what octets mean: a text begins in the initial state and two texts must not be joined. */
  readonly hasState: boolean;
}

/** No charset name is longer; a longer label is not looked up. */
const MAX_LABEL_LENGTH = 64;

/** Undefined for a name that is not known here; no name at all is us-ascii (RFC 2045 §5.2). */
export function charsetNamed(label: string): Charset | undefined {
  const exact = CHARSETS.get(label);
  if (exact !== undefined || label.length > MAX_LABEL_LENGTH) return exact;
  const name = squeezed(label);
  if (name === '') return CHARSETS.get('us-ascii');
  const known = BY_NAME.get(name) ?? numbered(name) ?? BY_NAME.get(name.replace(/^(?:xx|x|cs)/, ''));
  return known === undefined ? undefined : CHARSETS.get(known);
}

/** Letters and digits in lower case; without the year of a standard and what was appended by mistake. */
function squeezed(label: string): string {
  return label
    .toLowerCase()
    .replace(/[;,].*$/s, '')
    .replace(/:\d{4}\W*$/, '')
    .replace(/[^a-z0-9]+/g, '');
}

/** Code pages and parts of ISO 8859, whichever way their number is introduced. */
function numbered(name: string): string | undefined {
  const page =
    /^(?:x|cs)?(?:cp|ms|mswin|microsoftcp|win|windows|ibm|dos|pc|oem|ccsid|codepage)?(\d{3,5})$/.exec(name);
  if (page !== null) {
    const number = page[1] as string;
    const known = CODE_PAGES.get(number) ?? (LIBRARY_PAGES.has(number) ? `cp${number}` : undefined);
    if (known !== undefined) return known;
  }
  const part = /^(?:x|cs)?(?:iso|isoiec)?8859(1[0-6]|[1-9])(?:[ei]|19\d\d|20\d\d)?$/.exec(name);
  return part === null ? undefined : PARTS_OF_8859[Number(part[1])];
}

const PARTS_OF_8859: readonly (string | undefined)[] = [
  undefined,
  'windows-1252',
  'iso-8859-2',
  'iso-8859-3',
  'iso-8859-4',
  'iso-8859-5',
  'iso-8859-6',
  'iso-8859-7',
  'iso-8859-8',
  'windows-1254',
  'iso-8859-10',
  'windows-874',
  undefined,
  'iso-8859-13',
  'iso-8859-14',
  'iso-8859-15',
  'iso-8859-16',
];

/** Code pages that TextDecoder or this folder decodes; `20127 20105-20108` are national forms of ASCII. */
const CODE_PAGES: ReadonlyMap<string, string> = pairs(`
  367 us-ascii, 646 us-ascii, 20127 us-ascii, 20105 us-ascii, 20106 us-ascii, 20107 us-ascii, 20108 us-ascii
  819 windows-1252, 912 iso-8859-2, 913 iso-8859-3, 914 iso-8859-4, 915 iso-8859-5, 1089 iso-8859-6, 813 iso-8859-7
  916 iso-8859-8, 920 windows-1254, 919 iso-8859-10, 921 iso-8859-13, 923 iso-8859-15
  28591 windows-1252, 28592 iso-8859-2, 28593 iso-8859-3, 28594 iso-8859-4, 28595 iso-8859-5, 28596 iso-8859-6
  28597 iso-8859-7, 28598 iso-8859-8, 28599 windows-1254, 28600 iso-8859-10, 28601 windows-874, 28603 iso-8859-13
  28604 iso-8859-14, 28605 iso-8859-15, 28606 iso-8859-16, 38596 iso-8859-6, 38598 iso-8859-8
  1250 windows-1250, 1251 windows-1251, 1252 windows-1252, 1253 windows-1253, 1254 windows-1254, 1255 windows-1255
  1256 windows-1256, 1257 windows-1257, 1258 windows-1258, 874 windows-874, 9066 windows-874
  5346 windows-1250, 5347 windows-1251, 5348 windows-1252, 5349 windows-1253, 5350 windows-1254
  866 ibm866, 878 koi8-r, 20866 koi8-r, 1168 koi8-u, 21866 koi8-u
  932 shift_jis, 943 shift_jis, 942 shift_jis, 20932 euc-jp, 51932 euc-jp, 954 euc-jp, 33722 euc-jp
  50220 iso-2022-jp, 50221 iso-2022-jp, 50222 iso-2022-jp, 5050 euc-jp
  936 gb18030, 1386 gb18030, 1383 gb18030, 1381 gb18030, 20936 gb18030, 51936 gb18030, 54936 gb18030, 1392 gb18030
  52936 hz, 50227 iso-2022-cn, 50229 iso-2022-cn
  949 cp949, 1363 cp949, 970 cp949, 51949 cp949, 20949 cp949, 50225 iso-2022-kr
  950 big5hkscs, 951 big5hkscs, 1370 big5hkscs, 1375 big5hkscs, 964 euc-tw, 51950 euc-tw
  1200 utf-16le, 1201 utf-16be, 12000 utf-32le, 12001 utf-32be, 65000 utf-7, 65001 utf-8, 1208 utf-8
  10000 macintosh, 1275 macintosh, 10007 x-mac-cyrillic, 10017 x-mac-cyrillic, 10006 macgreek, 10010 macromania
  10021 macthai, 10029 maccenteuro, 10079 maciceland, 10081 macturkish, 10082 maccroatian
`);

/** Code pages that only the library has. */
const LIBRARY_PAGES: ReadonlySet<string> = new Set(
  '437 720 737 775 808 850 852 855 856 857 858 860 861 862 863 864 865 869 922 1046 1124 1125 1129 1133 1161 1162 1163'.split(
    ' ',
  ),
);

/** By charset, the names that squeeze to something else than its own. */
const NAMES: Readonly<Record<string, string>> = {
  // What is no charset, and what programs say when they do not know it, is judged by its octets.
  'us-ascii': `ascii us usascii usa ansi ansix34 ansix341968 ansix341986 csascii iso646 iso646us iso646irv iso646irv1991
    isoir6 isoir006 asciius cp646 7bit 8bit binary none default unknown unknown8bit unknown7bit xunknown notset undefined
    iso8859unknown ascii8bit`,
  'utf-8': `utf8 utf utf8n u8 utf8mb4 utf8mb3 utf8mac utf8sig utf8bom utf8strict utf08 utf8utf8 uft8 urf8 ut8 utf8n8
    unicode11utf8 unicode20utf8 xunicode20utf8 csutf8 iso10646utf8 iso88591utf8 isoutf8 charsetutf8 al32utf8`,
  'utf-7': 'utf7 unicode11utf7 unicode20utf7 xunicode20utf7 csunicode11utf7 csutf7 u7',
  'utf-16': 'utf16 u16 csutf16 unicode csunicode ucs2 iso10646ucs2 isoiec10646ucs2 xutf16',
  'utf-16le': `utf16le ucs2le unicodelittle unicodelittleunmarked xutf16le xutf16lebom utf16littleendian unicodefeff
    csutf16le`,
  'utf-16be': `utf16be ucs2be unicodebig unicodebigunmarked xutf16be utf16bigendian unicodefffe unicode11 csunicode11
    csutf16be`,
  hz: 'hz hzgb hzgb2312 chz',
  'iso-2022-jp': `iso2022jp iso2022jp1 iso2022jp2 iso2022jp3 iso2022jp2004 iso2022jpext iso2022jpms iso2022jpmobile
    iso2022jpesc iso2022jpsio xiso2022jpms csiso2022jp csiso2022jp2 jis jis7 jis8 jisencoding csjisencoding junet iso2022
    iso2022int1 iso2022jp2022 cp50220raw xwindows50220 xwindows50221 xwindowsiso2022jp 2022jp iso2022jis windowsiso2022jp`,
  'iso-2022-kr': 'iso2022kr csiso2022kr iso2022kr7 kr2022',
  'iso-2022-cn':
    'iso2022cn iso2022cnext xiso2022cngb xiso2022cncns iso2022cngb iso2022cncns csiso2022cn csiso2022cnext',
  'euc-tw': 'euctw cns11643 xeuctw tweuc',
  gb18030: `gb18030 gb180302000 gb180302005 gb180302022 csgb18030 gbk xgbk csgbk gb2312 gb231280 gb23121980 csgb2312
    csgb231280 csiso58gb231280 gb chinese cngb cngbisoir165 isoir58 isoir165 euccn xeuccn eucgb gbkeuc zhcn
    gb8859 gb231201 simplifiedchinese 936zhcn gbk2312 eucgb2312cn xmacsimpchinese xmacchinesesimp`,
  cp949: `cp949 uhc unifiedhangul unifiedhangulcode ksc56011987 ksc56011989 ksc56011992 ksc5601 ksc56011 kscode ksx1001
    ksx10011992 ksx10012002 csksc56011987 cskscode korean hangul isoir149 euckr cseuckr xeuckr euckr1 kseuc ksceuc
    mscp949 xmackorean mackorean korea kor ksc wansung xwindows949 kr`,
  big5hkscs: `big5 csbig5 cnbig5 big5cn big5tw big5eten big5etenext big5ext big5p big5hk big5hkscs big5hkscs1999
    big5hkscs2001 big5hkscs2004 big5hkscs2008 hkscs csbig5hkscs xxbig5 tca et zhtwbig5 big52003 bigfive traditionalchinese
    windows9502000 ms950hkscs xms950hkscs xbig5solaris zhtw xmactradchinese xmacchinesetrad`,
  shift_jis: `shiftjis sjis xsjis csshiftjis mskanji cswindows31j windows31j ms31j shiftjisms shiftjis2004 shiftjisx0213
    sjis2004 sjisx0213 sjiswin sjisopen sjismac sjis0213 mswindows31j xmswin932 xmscp932 msjis japanese xsjiscp932
    pck xpck sjis1 sjisjp xmacjapanese macjapanese ms932cp932`,
  'euc-jp': `eucjp xeucjp cseucpkdfmtjapanese extendedunixcodepackedformatforjapanese eucjpms eucjpwin eucjpopen ujis euc
    ajec eucj eucjis2004 eucjisx0213 jisx0213 jisx0208 jisx0212 eucjp2004 cseucjp xeucjplinux`,
  'windows-1250': 'ee msee cswindows1250 winee',
  'windows-1251': 'mscyrl cswindows1251 ansi1251 wincyrillic',
  'windows-1252': `latin1 l1 latin csisolatin1 isolatin1 iso1 isoir100 isoir100latin1 westerneuropean western ansi cpacp
    msansi cswindows1252 iso88591windows30latin1 iso88591windows31latin1 latin1windows winlatin1 iso8559 iso85591 iso88951
    iso885911987 iso885915bit 88591 usasciiiso88591 cp12520 iso8859 cp1004 ibm1004 os2latin1 europa latinone`,
  'windows-1253': 'msgreek greekwindows',
  'windows-1254': `turkish turk latin5 l5 ecma128 csisolatin5 isolatin5 isoir148 msturk turkish8 iso5turkish winturkish`,
  'windows-1255': 'mshebr hebrewwindows',
  'windows-1256': 'msarab arabicwindows',
  'windows-1257': 'winbaltrim baltic winbaltic',
  'windows-1258': 'viet vietnamese winvietnamese',
  'windows-874': `thai thai8 tis620 tis6200 tis62025290 tis62025291 tis62025330 tis6202533 isoir166 cstis620 iso8859th xtis620
    tactis tis11`,
  'iso-8859-2': `latin2 l2 csisolatin2 isolatin2 isoir101 easteuropean iso88592windowslatin2 csiso88592
    windowslatin2`,
  'iso-8859-3': 'latin3 l3 csisolatin3 isolatin3 isoir109',
  'iso-8859-4': 'latin4 l4 csisolatin4 isolatin4 isoir110',
  'iso-8859-5': 'cyrillic csisolatincyrillic isoir144 isocyrillic',
  'iso-8859-6': `arabic arabic8 csisolatinarabic ecma114 asmo708 isoir127 asmo isoarabic csiso88596e csiso88596i iso708`,
  'iso-8859-7': `greek greek8 csisolatingreek ecma118 elot928 isoir126 suneugreek isogreek`,
  'iso-8859-8': `hebrew hebrew8 csisolatinhebrew isoir138 visual logical isohebrew csiso88598e csiso88598i hebrewvisual
    hebrewlogical`,
  'iso-8859-10': 'latin6 l6 csisolatin6 isolatin6 isoir157 iso885910latin6',
  'iso-8859-13': 'latin7 l7 isolatin7 isoir179',
  'iso-8859-14': 'latin8 l8 isolatin8 isoir199 isoceltic celtic celtic8',
  'iso-8859-15':
    'latin9 latin0 l9 l0 csisolatin9 csisolatin0 isolatin9 isolatin0 isoir203 latineuro iso8859fdis15',
  'iso-8859-16': 'latin10 l10 csiso885916 isoir226 isolatin10',
  ibm866: 'dos866 csibm866 altcyrillic alt866 xalt ruscii866',
  'koi8-r':
    'koi8r koi8 koi cskoi8r koi8rur koi8rus gost1976874 koi8cs koi8e isoir111 ecmacyrillic koi8f koi8unified',
  'koi8-u': 'koi8u cskoi8u koi8ua',
  macintosh:
    'mac macroman csmacintosh xmacroman xmac macintoshroman xmacwestern apple appleroman macos macwestern',
  'x-mac-cyrillic': `maccyrillic macukrainian macukraine macuk msmaccyrillic xmacukrainian cyrillicmac`,
  maccenteuro:
    'maccentraleurope maccentraleurroman maccentraleuropean maclatin2 macce xmacce xmaccentraleurroman maceastern',
  maccroatian: 'xmaccroatian',
  macgreek: 'xmacgreek',
  maciceland: 'macicelandic xmacicelandic',
  macromania: 'macromanian xmacromanian',
  macthai: 'xmacthai',
  macturkish: 'xmacturkish',
  cp437: 'pc8codepage437 cspc8codepage437 ibmpc437 dosus',
  cp775: 'cspc775baltic',
  cp850: 'cspc850multilingual dos doslatin1 pcmultilingual',
  cp852: 'cspcp852 doslatin2',
  cp858: 'pcmultilingual850euro csibm00858 ccsid00858 cp00858 ibm00858',
  cp862: 'cspc862latinhebrew dos862hebrew',
  cp869: 'cpgr csibm869',
  cp1125: 'ruscii cp866u',
  koi8t: 'koi8tajik',
  koi8ru: '',
  rk1048: 'kz1048 strk10482002 cskz1048',
  pt154: 'ptcp154 cp154 csptcp154 cyrillicasian',
  mik: 'bulgarianmik mikbulgarian',
  viscii: 'viscii11 csviscii viscii111',
  tcvn: 'tcvn5712 tcvn57121 tcvn57121993 vscii csviscii2 xvietnamesetcvn xvietnamesevscii tcvn3',
  armscii8: 'armscii xarmscii8',
  georgianps: 'georgian',
  georgianacademy: '',
  hproman8: 'roman8 r8 cp1051 ibm1051 cshproman8 xroman8',
  iso646cn: 'csiso57gb1988 isoir57 gb198880 gb1988',
  iso646jp: 'csiso14jisc6220ro isoir14 jisc62201969ro jisx0201roman jp',
  'utf-32': 'utf32 ucs4 iso10646ucs4 u32 csutf32 csucs4',
  'utf-32le': 'utf32le ucs4le utf32littleendian csutf32le',
  'utf-32be': 'utf32be ucs4be utf32bigendian csutf32be',
  cesu8: 'cscesu8 xutf8cesu',
};

const OWN: ReadonlySet<string> = new Set([
  ...['us-ascii', 'utf-8', 'utf-7', 'utf-16', 'utf-16le', 'utf-16be'],
  ...['hz', 'iso-2022-jp', 'iso-2022-kr', 'iso-2022-cn', 'euc-tw'],
]);
/** Every one of the Encoding Standard that is decoded as it is written there. */
const BY_PLATFORM: ReadonlySet<string> = new Set([
  ...[
    'gb18030',
    'shift_jis',
    'euc-jp',
    'ibm866',
    'koi8-r',
    'koi8-u',
    'macintosh',
    'x-mac-cyrillic',
    'windows-874',
  ],
  ...Array.from({ length: 9 }, (_, i) => `windows-125${i}`),
  ...['2', '3', '4', '5', '6', '7', '8', '10', '13', '14', '15', '16'].map((part) => `iso-8859-${part}`),
]);
const WITH_STATE: ReadonlySet<string> = new Set(['utf-7', 'hz', 'iso-2022-jp', 'iso-2022-kr', 'iso-2022-cn']);

const CHARSETS: ReadonlyMap<string, Charset> = new Map(
  [...Object.keys(NAMES), ...[...LIBRARY_PAGES].map((page) => `cp${page}`)].map((name) => [
    name,
    Object.freeze({ by: makerOf(name), name, hasState: WITH_STATE.has(name) }),
  ]),
);

const BY_NAME: ReadonlyMap<string, string> = new Map(
  Object.entries(NAMES).flatMap(([charset, names]): [string, string][] => [
    [squeezed(charset), charset],
    ...words(names).map((name): [string, string] => [name, charset]),
  ]),
);

function makerOf(name: string): Charset['by'] {
  if (OWN.has(name)) return 'own';
  return BY_PLATFORM.has(name) ? 'platform' : 'library';
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** `a b, c d` and line ends between. */
function pairs(text: string): ReadonlyMap<string, string> {
  const entries = text
    .trim()
    .split(/\s*[,\n]\s*/)
    .map((pair) => pair.split(' '));
  return new Map(entries.map(([number, charset]) => [number as string, charset as string]));
}
