/** How much a browser has to load, compressed by gzip: before the first list can be seen, and in all. Somebody reads one language. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { buildWeb } from '../../web/build.mjs';

interface Manifest {
  readonly preload: readonly string[];
  readonly early: string;
  readonly style: string;
  /** By language, what only who reads it needs. */
  readonly texts: Readonly<Record<'en' | 'sv', readonly string[]>>;
  /** What needs a network and is loaded seldom, by what it is for. */
  readonly apart: Readonly<Record<'administration' | 'doors', readonly string[]>>;
  /** By the source that is loaded later: all files that it needs. */
  readonly chunks: Readonly<Record<string, readonly string[]>>;
  readonly files: Readonly<Record<string, { readonly size: number; readonly gzip?: number }>>;
}

const KB = 1024;

describe('what a browser loads', () => {
  let manifest: Manifest;
  let place: string;
  before(async () => {
    place = await buildWeb({ out: join(import.meta.dirname, '..', '..', 'dist', 'web') });
    manifest = JSON.parse(readFileSync(join(place, 'manifest.json'), 'utf8')) as Manifest;
  });

  const gzipped = (paths: readonly string[]): number =>
    paths.reduce((sum, path) => sum + (manifest.files[path]?.gzip ?? Number.POSITIVE_INFINITY), 0);

  const LANGUAGES = ['en', 'sv'] as const;
  /** All that is needed of the texts, whether somebody else needs it as well or not. */
  const textsOf = (language: string): readonly string[] => manifest.chunks[`web/text/${language}.ts`] ?? [];

  test('sign-in and list: at most 60 KB of script and 12 KB of style', () => {
    for (const language of LANGUAGES) {
      const script = gzipped([...new Set([...manifest.preload, manifest.early, ...textsOf(language)])]);
      assert.ok(textsOf(language).length > 0);
      assert.ok(script <= 60 * KB, `${script} octets of script in ${language}`);
    }
    const style = gzipped([manifest.style]);
    assert.ok(style <= 12 * KB, `${style} octets of style`);
  });

  /** What a part adds to what is there: the page, and the parts that somebody has used before. */
  const added = (part: string, ...before: readonly string[]): number => {
    const needed = manifest.chunks[part] ?? [];
    assert.ok(needed.length > 0, `nothing was made of ${part}`);
    const there = new Set([
      ...manifest.preload,
      ...textsOf('en'),
      ...before.flatMap((one) => manifest.chunks[one] ?? []),
    ]);
    return gzipped(needed.filter((path) => !there.has(path)));
  };

  test('the reader: at most 35 KB; the writer beside it: at most 45 KB', () => {
    const reader = added('web/read/reader.tsx');
    assert.ok(reader <= 35 * KB, `${reader} octets`);
    const writer = added('web/write/writer.tsx', 'web/read/reader.tsx');
    assert.ok(writer <= 45 * KB, `${writer} octets`);
  });

  test('everything: at most 180 KB', () => {
    const files = Object.keys(manifest.files).filter((path) => /\.(?:js|css)$/.test(path));
    for (const [read, other] of [LANGUAGES, LANGUAGES.toReversed()] as const) {
      const others = [...Object.values(manifest.apart).flat(), ...(manifest.texts[other ?? read] ?? [])];
      const all = gzipped(files.filter((path) => !others.includes(path)));
      assert.ok(all <= 180 * KB, `${all} octets in ${read}`);
    }
  });

  const apart = (name: keyof Manifest['apart'], limit: number, parts: readonly string[]): void => {
    const paths = manifest.apart[name];
    for (const part of parts) assert.ok(paths.includes(manifest.chunks[part]?.[0] ?? ''), part);
    assert.ok(gzipped(paths) <= limit, `${gzipped(paths)} octets`);
    const worker = readFileSync(join(place, 'service-worker.js'), 'utf8');
    for (const path of paths) assert.ok(!worker.includes(path), `${path} is fetched by everybody`);
    assert.ok(worker.includes(manifest.style));
  };

  test('the administration, which nobody else loads: at most 40 KB', () =>
    apart('administration', 40 * KB, [
      'web/admin/admin.tsx',
      'web/text/en/admin.ts',
      'web/text/sv/admin.ts',
    ]));

  test('how one comes in, which few change and none without a network: at most 15 KB', () =>
    apart('doors', 15 * KB, [
      'web/security/security-page.tsx',
      'web/security/second-step.tsx',
      'web/security/devices.tsx',
      'web/security/password.tsx',
    ]));
});
