/**
 * The answer of who is away, as a script (RFC 8621 §8, RFC 5230): its first line has the settings, in JSON behind a comment sign, and the
 * rest does what they say. So there is one place where it stands, and rules run it as any other.
 */

import type { DraftPart } from '../../mail/compose/draft.ts';
import { structureOf } from '../../mail/compose/structure.ts';
import { writeDraft } from '../../mail/compose/writer.ts';

export interface Vacation {
  readonly isEnabled: boolean;
  /** UTCDate. */
  readonly fromDate: string | null;
  readonly toDate: string | null;
  readonly subject: string | null;
  readonly textBody: string | null;
  readonly htmlBody: string | null;
}

export const NO_VACATION: Vacation = Object.freeze({
  ...{ isEnabled: false, fromDate: null, toDate: null },
  ...{ subject: null, textBody: null, htmlBody: null },
});

const MARK = '# settings: ';
const DEFAULT_TEXT = 'Thank you for your message. I am away and will read it when I am back.\r\n';
/** RFC 5230 §4.1: between two answers to one person. */
const DAYS = 7;

/** `addresses`: under which mail for the owner comes. */
export async function vacationScript(vacation: Vacation, addresses: readonly string[]): Promise<Buffer> {
  const lines = [`${MARK}${JSON.stringify(vacation)}`];
  if (vacation.isEnabled) lines.push(...(await rules(vacation, addresses)));
  return Buffer.from(`${lines.join('\r\n')}\r\n`);
}

/** What was set, as it was set; undefined when it is the script of somebody else. */
export function vacationIn(script: Buffer): Vacation | undefined {
  const text = script.toString();
  const end = text.indexOf('\n');
  const line = text.slice(0, end < 0 ? text.length : end).trimEnd();
  if (!line.startsWith(MARK)) return undefined;
  try {
    return { ...NO_VACATION, ...(JSON.parse(line.slice(MARK.length)) as Partial<Vacation>) };
  } catch {
    return undefined;
  }
}

async function rules(vacation: Vacation, addresses: readonly string[]): Promise<readonly string[]> {
  const { fromDate, toDate, subject, htmlBody } = vacation;
  const isRich = htmlBody !== null;
  const extensions = ['vacation', ...(fromDate !== null || toDate !== null ? ['date', 'relational'] : [])];
  const tests = [
    ...(fromDate === null ? [] : [dateTest('ge', fromDate)]),
    ...(toDate === null ? [] : [dateTest('lt', toDate)]),
  ];
  const words = [
    `vacation :days ${DAYS}`,
    ...(subject === null ? [] : [`:subject ${quoted(subject)}`]),
    `:addresses [${addresses.map(quoted).join(', ')}]`,
    ...(isRich ? [':mime'] : []),
    `${quoted(await reasonOf(vacation))};`,
  ].join(' ');
  const act = tests.length === 0 ? words : `if allof (${tests.join(', ')}) { ${words} }`;
  return [`require [${extensions.map(quoted).join(', ')}];`, act];
}

/** RFC 5260 §4.2: in one zone, moments are in the order of their letters. */
function dateTest(relation: 'ge' | 'lt', date: string): string {
  const moment = `${date.replace(/(?:\.\d+)?Z$/, '')}+00:00`;
  return `currentdate :zone "+0000" :value "${relation}" "iso8601" ${quoted(moment)}`;
}

/** Text, or a whole MIME entity when there is HTML (RFC 5230 §4.7). */
async function reasonOf({ textBody, htmlBody }: Vacation): Promise<string> {
  if (htmlBody === null) return textBody ?? DEFAULT_TEXT;
  const part = (type: string, text: string): DraftPart => ({
    type,
    fields: [],
    content: { kind: 'text', text },
  });
  const text = textBody === null ? undefined : part('text/plain', textBody);
  const body = structureOf({ text, html: part('text/html', htmlBody), attachments: [] });
  const pieces: Buffer[] = [];
  for await (const piece of writeDraft({ fields: [], body })) pieces.push(piece);
  return Buffer.concat(pieces).toString('latin1');
}

function quoted(text: string): string {
  return `"${text.replace(/\r\n|\r|\n/g, '\r\n').replace(/["\\]/g, '\\$&')}"`;
}
