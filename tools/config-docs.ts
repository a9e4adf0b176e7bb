import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listOptions } from '../src/config/names.ts';
import { OPTIONS, RELOADED } from '../src/config/options.ts';
import { renderReference, renderSample } from '../src/config/render.ts';
import { isTest, ROOT, readSources, report, type SourceFile } from './sources.ts';

/**
 * The configuration's documentation is what the declarations say, and every declared option is read by something: an
 * option that does nothing would be a lie in the documentation. With `--write` the two pages are made anew.
 */
const PAGES: Readonly<Record<string, string>> = {
  'docs/CONFIG.md': renderReference(OPTIONS, RELOADED),
  'docs/brevduva.toml': renderSample(OPTIONS),
};

export function checkPages(read: (path: string) => string): string[] {
  return Object.entries(PAGES)
    .filter(([path, text]) => read(path) !== text)
    .map(([path]) => `${path} differs from src/config/options.ts; run: node tools/config-docs.ts --write`);
}

/** Looked for as `group.option` or by the option's own name, as destructuring reads it. */
export function checkUse(files: readonly SourceFile[]): string[] {
  const code = files
    .filter(({ path }) => !isTest(path) && !path.startsWith('src/config/'))
    .map(({ text }) => text);
  return listOptions(OPTIONS)
    .filter(({ path }) => !code.some((text) => new RegExp(`\\b${path.at(-1)}\\b`).test(text)))
    .map(({ name }) => `option ${name} is declared and read by nothing`);
}

export function checkConfigDocs(): string[] {
  const read = (path: string): string => {
    try {
      return readFileSync(join(ROOT, path), 'utf8');
    } catch {
      return '';
    }
  };
  return [...checkPages(read), ...checkUse(readSources(['src']))];
}

if (import.meta.main) {
  if (process.argv.includes('--write')) {
    for (const [path, text] of Object.entries(PAGES)) writeFileSync(join(ROOT, path), text);
  }
  report(checkConfigDocs());
}
