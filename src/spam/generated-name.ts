/**
 * Whether the name of an address looks like one that a provider gave to a customer's line, not one that somebody gave to a mail
 * server: it spells the address, or says how the line is connected. A guess, good enough to ask for patience and for nothing more.
 */
import { isIPv4 } from 'node:net';
import { reversedLabels } from '../dns/reverse.ts';

/** So many of the four numbers of an address, one behind the other, spell it. */
const SPELLED = 3;
/** So many digits of the thirty-two, the last ones: what a line has for itself. */
const SPELLED_DIGITS = 16;
const LINES = new Set([
  ...[
    'adsl',
    'dsl',
    'vdsl',
    'xdsl',
    'cable',
    'catv',
    'modem',
    'dial',
    'dialin',
    'dialup',
    'dip',
    'ppp',
    'pppoe',
  ],
  ...[
    'dhcp',
    'dyn',
    'dynamic',
    'pool',
    'residential',
    'ftth',
    'fttx',
    'fttb',
    'mobile',
    'gprs',
    'umts',
    'lte',
  ],
]);
const MAIL_SERVER = /^(?:e?mail|mx|mta|smtp|relay|out|outbound)(?![a-z])/;

/** `name`: one that leads back to the address. */
export function looksGenerated(name: string, address: string): boolean {
  const lower = name.toLowerCase();
  if (isIPv4(address) ? spellsNumbers(lower, address) : spellsDigits(lower, address)) return true;
  if (MAIL_SERVER.test(lower)) return false;
  // The last two are the provider's own name.
  const words = lower
    .split('.')
    .slice(0, -2)
    .join('.')
    .split(/[^a-z]+/);
  return words.some((word) => LINES.has(word));
}

function spellsNumbers(name: string, address: string): boolean {
  const four = address.split('.').map(Number);
  const told = (name.match(/\d+/g) ?? []).map(Number);
  const isTold = (wanted: readonly number[]): boolean =>
    told.some((_, at) => wanted.every((one, i) => told[at + i] === one));
  for (const wanted of [four, four.toReversed()])
    for (let from = 0; from + SPELLED <= wanted.length; from++)
      if (isTold(wanted.slice(from, from + SPELLED))) return true;
  const padded = four.map((one) => String(one).padStart(3, '0')).join('');
  const hex = four.map((one) => one.toString(16).padStart(2, '0')).join('');
  return name.includes(padded) || name.includes(hex);
}

function spellsDigits(name: string, address: string): boolean {
  const labels = reversedLabels(address);
  const backwards = labels.replaceAll('.', '');
  const whole = [...backwards].reverse().join('');
  const groups = whole.match(/.{4}/g) ?? [];
  const short = groups.map((group) => group.replace(/^0+(?=.)/, ''));
  const plain = name.replace(/[._-]/g, '');
  return (
    plain.includes(whole.slice(-SPELLED_DIGITS)) ||
    plain.includes(backwards.slice(0, SPELLED_DIGITS)) ||
    name.includes(short.slice(4).join('-')) ||
    name.includes(address.replaceAll(':', '-').toLowerCase())
  );
}
