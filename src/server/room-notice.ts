/** The mail by which somebody is told that his account gets full. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/options.ts';
import { formatRfc5322 } from '../mail/date.ts';
import { fullness } from '../mailbox/model/room.ts';
import type { RoomNotice, WriteNotice } from '../mailbox/upkeep/room-notices.ts';
import type { Language } from '../queue/words/languages.ts';
import { languageOf } from './report-language.ts';
import { ROOM_WORDS, type RoomNumbers, type RoomWords } from './room-words.ts';

const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', sv: 'sv-SE' };

export function noticeWriter(
  config: Pick<Config, 'queue' | 'hostname'>,
  clock: Pick<Clock, 'nowMs'>,
): WriteNotice {
  const inLanguage = languageOf(config);
  return (record, notice) => {
    const language = inLanguage(record);
    const words = ROOM_WORDS[language];
    const head = [
      `From: ${encodedWord(words.from)} <postmaster@${config.hostname}>`,
      `To: <${record.address}>`,
      `Subject: ${encodedWord(words.subject(notice.level, notice.shared !== undefined))}`,
      `Date: ${formatRfc5322(Math.floor(clock.nowMs() / 1000))}`,
      `Message-ID: <${randomBytes(12).toString('hex')}@${config.hostname}>`,
      'Auto-Submitted: auto-generated',
      `Content-Language: ${language}`,
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: base64',
    ];
    const text = words.text(numbersOf(notice, words, language)).join('\r\n');
    return Buffer.from(`${head.join('\r\n')}\r\n\r\n${inLines(Buffer.from(`${text}\r\n`))}`);
  };
}

function numbersOf(notice: RoomNotice, words: RoomWords, language: Language): RoomNumbers {
  const { keptUntilMs, shared } = notice;
  const { usedBytes, usedMessages, limits } = shared ?? notice;
  const locale = LOCALES[language];
  const count = new Intl.NumberFormat(locale);
  const used: string[] = [];
  if (limits.bytes !== undefined)
    used.push(words.usedBytes(sizeText(usedBytes, locale), sizeText(limits.bytes, locale)));
  if (limits.messages !== undefined)
    used.push(words.usedMessages(count.format(usedMessages), count.format(limits.messages)));
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'short', timeZone: 'UTC' });
  const room = { usedBytes, usedMessages, limits, roomTold: 0, refusedSinceMs: 0, refusedBytes: 0 };
  return {
    used,
    percent: Math.floor(fullness(room)),
    domain: shared?.domain,
    keptUntil: keptUntilMs === undefined ? undefined : `${day.format(keptUntilMs)} UTC`,
  };
}

const UNITS = ['kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
const STEP = 1000;

/** `4.8 GB`, `4,8 GB`: thousands, as the webmail counts. */
function sizeText(bytes: number, locale: string): string {
  let value = bytes / STEP;
  let unit = 0;
  for (; value >= STEP && unit < UNITS.length - 1; unit++) value /= STEP;
  const maximumFractionDigits = value < 10 ? 1 : 0;
  const options = { style: 'unit', unitDisplay: 'short', maximumFractionDigits } as const;
  return new Intl.NumberFormat(locale, { ...options, unit: UNITS[unit] as string }).format(value);
}

/** RFC 2047, where it is not in ASCII. */
function encodedWord(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`;
}

const LINE = 76;

function inLines(octets: Buffer): string {
  const text = octets.toString('base64');
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += LINE) lines.push(text.slice(at, at + LINE));
  return `${lines.join('\r\n')}\r\n`;
}
