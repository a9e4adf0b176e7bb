import assert from 'node:assert/strict';
import { test } from 'node:test';
import iconv from 'iconv-lite';
import { charsetNamed } from './names.ts';

/** By charset, names met in mail, in IANA's registry and in the programs that write mail. */
const NAMES: Readonly<Record<string, string>> = {
  'us-ascii':
    'US-ASCII ANSI_X3.4-1968 ANSI_X3.4-1986 iso-ir-6 ISO646-US us IBM367 cp367 csASCII 646 unknown-8bit x-unknown',
  'utf-8': 'UTF-8 utf8 UTF_8 utf-8-mac utf8mb4 cp65001 unicode-1-1-utf-8 x-unicode20utf8 U8 UTF csUTF8',
  'utf-7': 'UTF-7 utf7 unicode-1-1-utf-7 x-unicode-2-0-utf-7 cp65000 csUnicode11UTF7',
  'utf-16': 'utf16 UTF-16 UCS-2 ISO-10646-UCS-2 csUnicode unicode',
  'utf-16le': 'UTF-16LE utf16le ucs-2le cp1200 UnicodeLittleUnmarked',
  'utf-16be': 'UTF-16BE utf16be cp1201 UnicodeBigUnmarked unicodeFFFE',
  'utf-32': 'utf-32 UTF32 UCS-4 ISO-10646-UCS-4',
  gb18030: `gb18030 GB-18030 gb18030-2000 csGB18030 GBK x-gbk cp936 MS936 windows-936 gb2312 GB_2312-80 gb2312-80 csGB2312
    iso-ir-58 csISO58GB231280 chinese euc-cn euccn EUC_CN x-euc-cn cn-gb ibm-1386`,
  hz: 'HZ-GB-2312 hz hzgb2312 x-hz cp52936',
  'iso-2022-jp': `iso-2022-jp ISO2022JP iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-3 iso-2022-jp-2004 iso-2022-jp-ms
    iso-2022-jp-ext cp50220 cp50221 cp50222 csISO2022JP csISO2022JP2 jis jis7 JIS_Encoding x-windows-iso2022jp`,
  'iso-2022-kr': 'ISO-2022-KR iso2022kr csISO2022KR cp50225',
  'iso-2022-cn': 'ISO-2022-CN iso2022cn iso-2022-cn-ext x-ISO-2022-CN-GB cp50227',
  cp949: `ks_c_5601-1987 KS_C_5601-1989 ksc5601 KSC_5601 ks_c_5601 ks_x_1001 csKSC56011987 iso-ir-149 korean euc-kr euckr
    EUC_KR csEUCKR cp949 MS949 ms-949 windows-949 x-windows-949 UHC ibm-970 cp51949`,
  big5hkscs: `big5 Big-5 BIG5 csBig5 cn-big5 x-x-big5 big5-tw big5-eten cp950 MS950 ms-950 windows-950 x-windows-950
    big5-hkscs Big5HKSCS cp951 ibm-1370`,
  shift_jis: `Shift_JIS shift-jis shiftjis sjis x-sjis SJIS-win csShiftJIS MS_Kanji mskanji windows-31j csWindows31J cp932
    ms932 windows-932 cp943 x-ms-cp932`,
  'euc-jp': `EUC-JP eucjp EUC_JP x-euc-jp x-eucjp eucJP-ms eucJP-win ujis cp51932 cp20932
    Extended_UNIX_Code_Packed_Format_for_Japanese csEUCPkdFmtJapanese`,
  'euc-tw': 'EUC-TW euctw x-euc-tw',
  'windows-1250': 'windows-1250 cp1250 win-1250 ms-ee x-cp1250 WINDOWS1250',
  'windows-1251': 'windows-1251 win-1251 ms1251 cp1251 win1251 x-cp1251 ms-cyrl windows_1251 1251 x-win-1251',
  'windows-1252': `windows-1252 cp1252 ms1252 win-1252 iso-8859-1 ISO_8859-1 ISO_8859-1:1987 iso88591 iso8859-1 8859-1 8859_1
    iso-8859_1 latin1 latin-1 l1 iso-latin-1 csISOLatin1 iso-ir-100 cp819 IBM819 ms-ansi ansi cp28591`,
  'windows-1253': 'windows-1253 cp1253 win-1253 ms-greek',
  'windows-1254': 'windows-1254 iso-8859-9 latin5 l5 turkish csISOLatin5 iso-ir-148 cp920 ms-turk',
  'windows-1255': 'windows-1255 win-1255 ms-hebr',
  'windows-1256': 'windows-1256 win-1256 ms-arab',
  'windows-1257': 'windows-1257 winbaltrim cp1257',
  'windows-1258': 'windows-1258 cp1258',
  'windows-874': 'windows-874 tis-620 tis620 TIS-620.2533 iso-8859-11 cp874 ms874 x-windows-874 iso-ir-166',
  'iso-8859-2': 'iso-8859-2 latin2 latin-2 l2 ISO_8859-2:1987 csISOLatin2 iso-ir-101 ibm912 8859_2',
  'iso-8859-5': 'iso-8859-5 cyrillic csISOLatinCyrillic iso-ir-144',
  'iso-8859-6': 'iso-8859-6 iso-8859-6-e iso-8859-6-i arabic ECMA-114 ASMO-708',
  'iso-8859-7': 'iso-8859-7 greek greek8 ELOT_928 ECMA-118 sun_eu_greek ISO_8859-7:2003',
  'iso-8859-8': 'iso-8859-8 iso-8859-8-i iso-8859-8-e hebrew visual logical csISO88598I',
  'iso-8859-15': 'iso-8859-15 latin9 latin-9 latin0 l9 ISO8859-15 csISOLatin9',
  'iso-8859-16': 'iso-8859-16 latin10 iso-ir-226',
  'koi8-r': 'koi8-r koi8r KOI8_R koi8 koi csKOI8R cp20866 cp878',
  'koi8-u': 'koi8-u koi8u cp21866 cp1168',
  ibm866: 'ibm866 cp866 866 dos-866 csIBM866',
  macintosh: 'macintosh mac mac-roman MacRoman x-mac-roman csMacintosh cp10000',
  'x-mac-cyrillic': 'x-mac-cyrillic mac-cyrillic maccyrillic x-mac-ukrainian cp10007',
  maccenteuro: 'x-mac-ce mac-ce x-mac-centraleurroman mac-latin2',
  macgreek: 'x-mac-greek mac-greek',
  macturkish: 'x-mac-turkish mac-turkish',
  cp437: 'cp437 IBM437 437 ibm-437 csPC8CodePage437',
  cp850: 'cp850 ibm850 ibm-850 dos-850 csPC850Multilingual',
  cp852: 'cp852 ibm852 csPCp852',
  cp858: 'cp858 IBM00858 PC-Multilingual-850+euro',
  viscii: 'VISCII csVISCII',
  tcvn: 'TCVN tcvn5712-1',
  armscii8: 'armscii-8',
  hproman8: 'hp-roman8 roman8 r8 csHPRoman8',
};

test('the names that mail uses', () => {
  for (const [charset, names] of Object.entries(NAMES)) {
    for (const name of names.split(/\s+/)) {
      assert.equal(charsetNamed(name)?.name, charset, name);
      assert.equal(charsetNamed(`"${name.toUpperCase()}"`)?.name, charset, name);
    }
  }
});

test('what is appended to a name by mistake does not matter', () => {
  for (const label of ['iso-8859-2;', 'iso-8859-2; format=flowed', ' iso-8859-2 ', "'iso-8859-2'"])
    assert.equal(charsetNamed(label)?.name, 'iso-8859-2', label);
});

test('every charset can be decoded, by whom it says', () => {
  for (const charset of Object.keys(NAMES)) {
    const { by, name } = charsetNamed(charset) ?? assert.fail(charset);
    if (by === 'platform') assert.equal(new TextDecoder(name).encoding, name);
    if (by === 'library') assert.ok(iconv.encodingExists(name), name);
  }
});

test('no charset', () => {
  for (const label of [
    '',
    'no-such-charset',
    'x-user-defined',
    'utf-9',
    'replacement',
    '99999',
    'u'.repeat(1000),
  ])
    assert.equal(charsetNamed(label)?.name, label === '' ? 'us-ascii' : undefined, label);
});

test('which charsets have state', () => {
  for (const label of ['iso-2022-jp', 'ISO-2022-JP-2', 'iso-2022-kr', 'iso-2022-cn', 'hz-gb-2312', 'utf-7'])
    assert.equal(charsetNamed(label)?.hasState, true, label);
  for (const label of ['utf-8', 'euc-kr', 'big5', 'shift_jis', 'windows-1252', 'utf-16'])
    assert.equal(charsetNamed(label)?.hasState, false, label);
});
