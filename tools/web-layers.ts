import { posix } from 'node:path';
import { isTest, readSources, report, type SourceFile } from './sources.ts';

/**
 * The browser's code in `web/`: it imports `web/`, the packages that were chosen for browsers, and of the server the types
 * in `src/jmap/types/` and what is spoken on both sides. What decides knows no Preact, so that Node.js can test it; nothing writes HTML but where mail is
 * cleaned. `check` sees to it.
 */
const PACKAGES: readonly string[] = [
  'preact',
  'preact/hooks',
  '@preact/signals',
  '@preact/signals-core',
  'dompurify',
  'idb',
  '@simplewebauthn/browser',
  'linkify-it',
  'squire-rte',
];
/** These draw: `.ts` files import none of them, but for the type of a hook in the one that hands the app down. */
const DRAWING: readonly string[] = ['preact', 'preact/hooks', '@preact/signals'];
const HANDS_DOWN = 'web/shell/app.ts';
const TYPES = 'src/jmap/types/';
/** One parser for both; each imports nothing. */
const SPOKEN_BY_BOTH: readonly string[] = ['src/mail/search-language.ts'];
const HTML_SINK = /\.(?:innerHTML|outerHTML)\s*=|insertAdjacentHTML|document\.write|dangerouslySetInnerHTML/;
const IMPORT =
  /^(?:import|export)\s+(type\s)?[^;'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm;

export function readWebSources(): SourceFile[] {
  return readSources(['web'], undefined, ['.ts', '.tsx']);
}

export function checkWebLayers(files: readonly SourceFile[]): string[] {
  const there = new Set(files.map(({ path }) => path));
  return files
    .filter(({ path }) => !isTest(path))
    .flatMap((file) => [...faultsOf(file), ...absentOf(file, there)]);
}

/** TypeScript takes `x.tsx` for `./x.ts`, the bundler does not. */
function absentOf({ path, text }: SourceFile, there: ReadonlySet<string>): string[] {
  return [...text.matchAll(IMPORT)].flatMap((match) => {
    const target = match[2] ?? match[3] ?? match[4] ?? '';
    const file = posix.join(posix.dirname(path), target);
    const other = file.endsWith('.tsx') ? file.slice(0, -1) : `${file}x`;
    return !there.has(file) && there.has(other) ? [`${path} imports ${target}: that is ${other}`] : [];
  });
}

function faultsOf({ path, text }: SourceFile): string[] {
  const faults: string[] = [];
  if (HTML_SINK.test(text)) faults.push(`${path}: text becomes HTML nowhere; make nodes`);
  for (const match of text.matchAll(IMPORT)) {
    const target = match[2] ?? match[3] ?? match[4] ?? '';
    const fault = importFault(path, target, match[1] !== undefined);
    if (fault !== undefined) faults.push(`${path} imports ${target}: ${fault}`);
  }
  return faults;
}

function importFault(path: string, target: string, isTypeOnly: boolean): string | undefined {
  if (!target.startsWith('.')) {
    if (!PACKAGES.includes(target)) return 'no package for browsers; the list is in tools/web-layers.ts';
    const draws = DRAWING.includes(target) && path.endsWith('.ts') && path !== HANDS_DOWN;
    return draws && !isTypeOnly
      ? 'what decides does not draw; signals are in @preact/signals-core'
      : undefined;
  }
  const file = posix.join(posix.dirname(path), target);
  if (file.startsWith('web/')) return isTest(file) ? 'only tests import tests' : undefined;
  if (file.startsWith(TYPES)) return isTypeOnly ? undefined : 'of the server only types';
  if (SPOKEN_BY_BOTH.includes(file)) return undefined;
  return `web/ imports web/, the types in ${TYPES}, and ${SPOKEN_BY_BOTH.join(', ')}`;
}

if (import.meta.main) report(checkWebLayers(readWebSources()));
