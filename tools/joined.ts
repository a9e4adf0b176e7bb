import { globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { ROOT } from './sources.ts';

/**
 * The program in few files, for the servers that a whole run of the tests starts: hundreds of them, and to find, read and link more
 * than a thousand sources is half of what a start takes. The same sources, joined and no more: nothing is made small or left out,
 * packages stay where they are, and what asks where it lies is told where its source lies, so it finds what it finds in a
 * clone. What is tested as people start it (`test/kit/launch.ts`) is started so.
 */
const OUT = join(ROOT, '.joined');

/** What is started as a process or a thread of its own. */
const ENTRIES = [
  ...['src/main.ts', 'src/**/*-worker.ts', 'src/store/sqlite/power-cut/workload.ts'],
  ...['test/kit/*-process.ts', 'test/kit/command-host.ts', 'test/crash/*-sender.ts'],
];

/** Gives the folder, in which an entry has its path as a source. */
export async function joinProgram(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: globSync(ENTRIES, { cwd: ROOT }),
    outdir: OUT,
    outbase: ROOT,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'esnext',
    logLevel: 'silent',
    plugins: [whereTheSourcesAre],
    write: false,
  });
  for (const { path, contents } of outputFiles) put(path, contents);
  const made = new Set(outputFiles.map(({ path }) => path));
  for (const entry of readdirSync(OUT, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !made.has(path)) rmSync(path);
  }
  return OUT;
}

/** Threads are started from the joined files, by their names there. */
const whereTheSourcesAre: Plugin = {
  name: 'where the sources are',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const contents = readFileSync(path, 'utf8')
        .replaceAll('extname(import.meta.filename)', "'.js'")
        .replaceAll('import.meta.filename', JSON.stringify(path))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(join(OUT, relative(ROOT, path))).href));
      return { contents, loader: 'ts' };
    });
  },
};

/** Another run may be reading what is the same anyway. */
function put(path: string, contents: Uint8Array): void {
  try {
    if (readFileSync(path).equals(contents)) return;
  } catch {
    mkdirSync(dirname(path), { recursive: true });
  }
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, contents);
  renameSync(beside, path);
}
