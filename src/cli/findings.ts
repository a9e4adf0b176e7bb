/** What checks found, for people: line by line what was seen, what was expected and what to do. */
import type { Finding, Verdict } from '../doctor/finding.ts';
import { print } from './terminal.ts';

const VERDICTS: readonly Verdict[] = ['ok', 'warn', 'fail', 'unknown'];
const INDENT = ' '.repeat(9);

export function showFindings(findings: readonly Finding[]): void {
  for (const finding of findings) {
    print(`${finding.verdict.padEnd(7)}  ${finding.check}: ${finding.subject}: ${finding.seen}`);
    if (finding.verdict === 'ok') continue;
    print(`${INDENT}expected: ${finding.expected}`);
    print(`${INDENT}to do: ${finding.remedy}`);
    for (const record of finding.records ?? []) print(`${INDENT}    ${record}`);
  }
  const counts = VERDICTS.map((verdict) => [
    verdict,
    findings.filter((one) => one.verdict === verdict).length,
  ]);
  print(counts.map(([verdict, count]) => `${count} ${verdict}`).join(', '));
}
