import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLAIMED, TITLES } from './rfc-titles.ts';
import { isTest, ROOT, readSources, report, type SourceFile } from './sources.ts';

/**
 * The index of standards: which RFC is followed where and tested where, collected from the citations in the code. With
 * `--write` the page is made anew. A claim without a citation in code and in a test is a claim without evidence.
 */
const PAGE = 'docs/RFCS.md';
const CITATION = /\bRFC (\d{3,5})\b/g;
const INTRODUCTION = `# Standards

<!-- Generated from the citations in src/ and test/ by \`node tools/rfc.ts --write\`. Do not edit. -->

"Yes": implemented, with the exceptions that the changelog names. "In part": followed as far as the citing code says.

| RFC | Title | Implemented | Code | Tests |
| --- | --- | --- | --- | --- |
`;

interface Citations {
  readonly code: Set<string>;
  readonly tests: Set<string>;
}

export function collect(files: readonly SourceFile[]): Map<number, Citations> {
  const found = new Map<number, Citations>();
  for (const { path, text } of files) {
    for (const [, digits] of text.matchAll(CITATION)) {
      const number = Number(digits);
      const entry = found.get(number) ?? { code: new Set(), tests: new Set() };
      found.set(number, entry);
      const isOfTests = isTest(path) || path.startsWith('test/');
      (isOfTests ? entry.tests : entry.code).add(path);
    }
  }
  return found;
}

export function renderIndex(citations: ReadonlyMap<number, Citations>): string {
  const rows = [...citations]
    .sort(([a], [b]) => a - b)
    .map(([number, { code, tests }]) => {
      const link = `[${number}](https://www.rfc-editor.org/rfc/rfc${number})`;
      const status = CLAIMED.includes(number) ? 'yes' : 'in part';
      return `| ${link} | ${TITLES[number]} | ${status} | ${list(code)} | ${list(tests)} |\n`;
    });
  return INTRODUCTION + rows.join('');
}

export function checkCitations(citations: ReadonlyMap<number, Citations>, claimed = CLAIMED): string[] {
  const problems: string[] = [];
  for (const [number, { code, tests }] of citations) {
    const where = [...code, ...tests].join(', ');
    if (!(number in TITLES)) problems.push(`RFC ${number} (${where}) has no title in tools/rfc-titles.ts`);
  }
  for (const number of claimed) {
    const entry = citations.get(number);
    if (!entry?.code.size) problems.push(`RFC ${number} is claimed and no code cites it`);
    if (!entry?.tests.size) problems.push(`RFC ${number} is claimed and no test cites it`);
  }
  return problems;
}

export function checkIndex(): string[] {
  const citations = collect(readCitations());
  const page = readPage();
  const stale =
    page === renderIndex(citations) ? [] : [`${PAGE} is out of date; run: node tools/rfc.ts --write`];
  return [...checkCitations(citations), ...stale];
}

/** Conversations are tests too. */
function readCitations(): SourceFile[] {
  return readSources(['src', 'test'], ROOT, ['.ts', '.txt']);
}

function readPage(): string {
  try {
    return readFileSync(join(ROOT, PAGE), 'utf8');
  } catch {
    return '';
  }
}

function list(paths: ReadonlySet<string>): string {
  return [...paths]
    .sort()
    .map((path) => `\`${path.replace(/^src\//, '')}\``)
    .join(' ');
}

if (import.meta.main) {
  if (process.argv.includes('--write')) {
    writeFileSync(join(ROOT, PAGE), renderIndex(collect(readCitations())));
  }
  report(checkIndex());
}
