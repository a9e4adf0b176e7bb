import { globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { ROOT } from './sources.ts';

/**
 * The program in few files: to find, read and link more than a thousand sources is half of what a start takes. The same sources, joined
 * and no more: nothing is made small or left out, and packages stay where they are.
 *
 * - `node tools/joined.ts` makes `dist/`, what the published package runs.
 * - The servers that a whole run of the tests starts, hundreds of them, are joined in a clone: what asks where it lies is told where its
 *   source lies, so it finds what it finds in a clone. What is tested as people start it (`test/kit/launch.ts`) is started so.
 */
const OF_TESTS = join(ROOT, '.joined');
/** In `dist`, of `web/build.mjs`, which lets go of its own. */
const WEB = join('web', sep);

/** What is started as a process or a thread of its own. */
const ENTRIES = ['src/main.ts', 'src/**/*-worker.ts'];
const ENTRIES_OF_TESTS = [
  ...[...ENTRIES, 'src/store/sqlite/power-cut/workload.ts'],
  ...['test/kit/*-process.ts', 'test/kit/command-host.ts', 'test/crash/*-sender.ts'],
];

interface Joining {
  readonly entries: readonly string[];
  readonly out: string;
  /** What the names in `out` are relative to. */
  readonly base: string;
  /** Expressions for what a source asks of itself. `file`: from `base`, as a script. */
  placesOf(
    path: string,
    file: string,
  ): { readonly url: string; readonly filename: string; readonly dirname: string };
}

/** For the tests; gives the folder, in which an entry has its path as a source. */
export async function joinProgram(): Promise<string> {
  await write({
    ...{ entries: ENTRIES_OF_TESTS, out: OF_TESTS, base: ROOT },
    placesOf: (path, file) => ({
      url: JSON.stringify(pathToFileURL(join(OF_TESTS, file)).href),
      filename: JSON.stringify(path),
      dirname: JSON.stringify(dirname(path)),
    }),
  });
  return OF_TESTS;
}

/** For the package: `out` is its `dist`, wherever that is put. */
export async function joinPackage(out: string): Promise<void> {
  await write({
    ...{ entries: ENTRIES, out, base: join(ROOT, 'src') },
    placesOf: (_, file) => {
      const url = `new URL(${JSON.stringify(file)}, import.meta.url.replace(/^(.*[/]dist[/]).*$/, '$1'))`;
      const path = `process.getBuiltinModule('node:url').fileURLToPath(${url})`;
      return { url, filename: path, dirname: `process.getBuiltinModule('node:path').dirname(${path})` };
    },
  });
}

async function write(joining: Joining): Promise<void> {
  const { entries, out, base } = joining;
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: globSync(entries, { cwd: ROOT }),
    outdir: out,
    outbase: base,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'esnext',
    logLevel: 'silent',
    plugins: [whereTheSourcesAre(joining)],
    write: false,
  });
  for (const { path, contents } of outputFiles) put(path, contents);
  const made = new Set(outputFiles.map(({ path }) => path));
  const web = join(out, WEB);
  for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !made.has(path) && !path.startsWith(web)) rmSync(path);
  }
}

/** Threads are started from the joined files, by their names there. */
const whereTheSourcesAre = ({ base, placesOf }: Joining): Plugin => ({
  name: 'where the sources are',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const places = placesOf(path, relative(base, path).replace(/\.ts$/, '.js'));
      const contents = readFileSync(path, 'utf8')
        .replaceAll('extname(import.meta.filename)', "'.js'")
        .replace(/\bimport\.meta\.(url|filename|dirname)\b/g, (_, name: keyof typeof places) => places[name]);
      return { contents, loader: 'ts' };
    });
  },
});

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

if (import.meta.main) await joinPackage(join(ROOT, 'dist'));
