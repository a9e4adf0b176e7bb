/**
 * Rules as a Sieve script (RFC 5228), and back. Each rule stands in a line behind a comment sign, in JSON, and below it the commands that
 * do what it says; the first line has a sum of all that follows. What anybody has changed by hand does not add up any more, and is
 * no longer ours: nobody's commands are lost because this page could not show them.
 */
import { octetsOf, type Rule, type RuleTest, ruleOf } from './rule.ts';

const VERSION = 1;
const HEAD = /^# rules of the webmail (\d+) ([0-9a-z]+)\r\n/;
const MARK = '# rule: ';
const WORDS =
  '# Made in the webmail, which reads the lines that begin with "# rule:". It leaves this script alone when it was changed by hand.';
const COMPARATOR = ':comparator "i;unicode-casemap" :contains';
const HEADERS = { from: '"from"', to: '["to", "cc"]', subject: '"subject"', list: '"list-id"' } as const;

export function scriptOf(rules: readonly Rule[]): string {
  const body = [
    WORDS,
    ...requirement(rules.filter(({ isOn }) => isOn)),
    ...rules.flatMap((rule) => ['', `${MARK}${JSON.stringify(rule)}`, ...(rule.isOn ? commands(rule) : [])]),
    '',
  ].join('\r\n');
  return `# rules of the webmail ${VERSION} ${sumOf(body)}\r\n${body}`;
}

/** The rules that a script was made from; undefined when it was written, or changed, by somebody else. */
export function rulesIn(script: string): readonly Rule[] | undefined {
  const [head, version, sum] = HEAD.exec(script) ?? [];
  if (head === undefined || Number(version) !== VERSION) return undefined;
  const body = script.slice(head.length);
  if (sumOf(body) !== sum) return undefined;
  const rules = body.split('\r\n').flatMap((line) => (line.startsWith(MARK) ? [read(line)] : []));
  return rules.every((rule) => rule !== undefined) ? rules : undefined;
}

function read(line: string): Rule | undefined {
  try {
    return ruleOf(JSON.parse(line.slice(MARK.length)));
  } catch {
    return undefined;
  }
}

function requirement(rules: readonly Rule[]): string[] {
  const needed = new Set<string>();
  for (const { tests, move, isRead, isStarred, forward } of rules) {
    if (tests.some(({ on }) => on !== 'larger')) needed.add('comparator-i;unicode-casemap');
    if (tests.some(({ on }) => on === 'body')) needed.add('body');
    if (move !== undefined) needed.add('fileinto').add('mailboxid');
    if (isRead || isStarred) needed.add('imap4flags');
    if (forward !== undefined) needed.add('copy');
  }
  return needed.size === 0 ? [] : [`require [${[...needed].map(quoted).join(', ')}];`];
}

function commands({ isAll, tests, move, isRead, isStarred, forward }: Rule): string[] {
  const flags = [...(isRead ? ['\\Seen'] : []), ...(isStarred ? ['\\Flagged'] : [])];
  return [
    `if ${isAll ? 'allof' : 'anyof'} (${tests.map(test).join(', ')}) {`,
    ...(flags.length > 0 ? [`  addflag [${flags.map(quoted).join(', ')}];`] : []),
    ...(forward === undefined ? [] : [`  redirect :copy ${quoted(forward)};`]),
    // By its id, whatever it is called by then; a mailbox that is gone is INBOX (RFC 9042 §4).
    ...(move === undefined ? [] : [`  fileinto :mailboxid ${quoted(move)} "INBOX";`, '  stop;']),
    '}',
  ];
}

function test({ on, value }: RuleTest): string {
  switch (on) {
    case 'larger':
      return `size :over ${octetsOf(value) ?? 0}`;
    case 'body':
      return `body :text ${COMPARATOR} ${quoted(value)}`;
    default:
      return `header ${COMPARATOR} ${HEADERS[on]} ${quoted(value)}`;
  }
}

/** RFC 5228 §2.4.2: only these two are special in a quoted string. Without `variables` and `encoded-character`, `${` is text. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** It tells a change, not a forger: whoever can write the script need not forge. */
function sumOf(text: string): string {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (b >>> 0).toString(36) + (a >>> 0).toString(36);
}
