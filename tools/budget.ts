import { isTest, readSources, report, type SourceFile } from './sources.ts';

/**
 * Sizes: a file one can read in one sitting, a function one can see at once, folders that are not drawers. A file at its
 * cap is split by concept, never into `-2`. Tables of data are exempt, by name and with the reason.
 */
const MAX_FILE_LINES = 400;
const MAX_P90_LINES = 250;
const MAX_FUNCTION_LINES = 60;
/** What draws is mostly markup, which stands an attribute a line. */
const MAX_COMPONENT_LINES = 90;
const MAX_BASE_FILES = 12;
const FORBIDDEN_NAME = /\/(?:utils|common|helpers|lib)\/|\/(?:index|types|utils|helpers)\.ts$|-2\.ts$/;
const EXEMPT: Readonly<Record<string, string>> = {
  'src/store/contract/': 'a test suite, run by the tests of every store',
};

const isExempt = (path: string): boolean => Object.keys(EXEMPT).some((one) => path.startsWith(one));

/** Opens a body and is not a control statement, a class or a literal: a function, method, accessor or arrow. */
const FUNCTION_START = /(?:\bfunction\b.*|=>|\)(?:: [^={]+)?) \{$/;
const NOT_A_FUNCTION = /^(?:\} )?(?:if|else|for|while|switch|catch|try|do|with)\b|^\}? ?(?:class|interface) /;

export function checkBudget(files: readonly SourceFile[]): string[] {
  const sources = files.filter(({ path }) => !isTest(path));
  const problems = sources.flatMap((file) => [...fileFaults(file), ...functionFaults(file)]);
  const sizes = sources.map((file) => lineCount(file.text)).sort((a, b) => a - b);
  const p90 = sizes[Math.floor(sizes.length * 0.9)] ?? 0;
  if (p90 > MAX_P90_LINES)
    problems.push(`nine files in ten may have ${MAX_P90_LINES} lines, they have ${p90}`);
  const base = sources.filter(({ path }) => path.startsWith('src/base/'));
  if (base.length > MAX_BASE_FILES)
    problems.push(`src/base/ has ${base.length} files, more than ${MAX_BASE_FILES}`);
  return problems;
}

function fileFaults({ path, text }: SourceFile): string[] {
  const faults: string[] = [];
  const lines = lineCount(text);
  if (FORBIDDEN_NAME.test(path)) faults.push(`${path}: a name for a drawer; name what it holds`);
  if (lines > MAX_FILE_LINES && !isExempt(path))
    faults.push(`${path}: ${lines} lines, more than ${MAX_FILE_LINES}`);
  return faults;
}

/** The code is formatted, so a body ends at the next line that closes at the indentation of its first line. */
function functionFaults({ path, text }: SourceFile): string[] {
  const lines = text.split('\n');
  const faults: string[] = [];
  if (isExempt(path)) return faults;
  for (const [start, line] of lines.entries()) {
    const code = line.trimStart();
    if (!FUNCTION_START.test(code) || NOT_A_FUNCTION.test(code)) continue;
    const close = `${line.slice(0, line.length - code.length)}}`;
    const end = lines.findIndex((other, index) => index > start && other.startsWith(close));
    const length = end - start + 1;
    const most = path.endsWith('.tsx') ? MAX_COMPONENT_LINES : MAX_FUNCTION_LINES;
    if (length > most) faults.push(`${path}:${start + 1}: a function of ${length} lines, more than ${most}`);
  }
  return faults;
}

function lineCount(text: string): number {
  return text.split('\n').length - 1;
}

if (import.meta.main) report(checkBudget(readSources(['src'])));
