import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, readSources, report, type SourceFile } from './sources.ts';

/**
 * Other people's code that runs in the server: pinned to one version, and each package that was chosen has a page among the
 * decisions that says why, by its name in backticks. What only tools and tests use needs none.
 */
export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export function checkDependencies(
  manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest,
  pages: readonly SourceFile[] = readSources(['docs/decisions'], ROOT, ['.md']),
): string[] {
  const production = { ...manifest.dependencies, ...manifest.optionalDependencies };
  const loose = Object.entries({ ...production, ...manifest.devDependencies })
    .filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
    .map(([name, version]) => `${name} is ${version}, not one version`);
  const unexplained = Object.keys(production)
    .filter((name) => !pages.some(({ text }) => text.includes(`\`${name}\``)))
    .map((name) => `${name} has no page in docs/decisions/`);
  return [...loose, ...unexplained];
}

if (import.meta.main) report(checkDependencies());
