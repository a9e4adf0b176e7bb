/**
 * From the sources of the webmail to what a browser gets: `node web/build.mjs [--out FOLDER]`, by esbuild, without a network.
 *
 * A build is a folder of its own, named by the stamp of what it was made from: `FOLDER/<stamp>/`. It has `index.html`, `assets/`
 * with names that follow from their content, a `.br` and a `.gz` beside each text, and `manifest.json` with sizes. It is made
 * beside and moved to its place when it is whole, so whoever looks sees all of it or none. The two builds before stay,
 * for tabs that are still open. `stampOf` alone says whether a build is needed.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const WEB = import.meta.dirname;
const ROOT = dirname(WEB);
/** What a build is made from. */
const SOURCES = ['web', 'src/jmap/types'];
const ICONS = ['web/ui/icon-192.png', 'web/ui/icon-512.png', 'web/ui/badge-96.png'];
const COMMON = {
  bundle: true,
  minify: true,
  target: ['chrome123', 'firefox121', 'safari17.5'],
  legalComments: 'none',
  logLevel: 'warning',
};
const KEPT_BUILDS = 3;
const MAKING = '.making-';
const TURN = '.turn-';
const TURN_MS = 30_000;
/** One that was killed left it. */
const LEFT_BEHIND_MS = 600_000;
const COMPRESSED = /\.(?:js|css|html|svg|json|webmanifest)$/;

/** A hash over the sources and the versions of the packages; two that are equal give the same build. */
export function stampOf(root = ROOT) {
  const hash = createHash('sha256');
  for (const folder of SOURCES) {
    if (!existsSync(join(root, folder))) continue;
    const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
    for (const name of names.sort()) {
      const path = join(root, folder, name);
      if (/\.test\.ts$/.test(name) || !statSync(path).isFile()) continue;
      hash.update(`${folder}/${name}\0`).update(readFileSync(path)).update('\0');
    }
  }
  if (existsSync(join(root, 'package-lock.json'))) hash.update(readFileSync(join(root, 'package-lock.json')));
  return hash.digest('hex').slice(0, 16);
}

/** Makes the build for the sources as they are now and returns its folder. What is there already is left alone. */
export async function buildWeb({ out, withMaps = false }) {
  const stamp = stampOf();
  const place = join(out, stamp);
  if (existsSync(join(place, 'manifest.json'))) return place;
  mkdirSync(out, { recursive: true });
  const turn = join(out, `${TURN}${stamp}`);
  if (!(await begins(turn, place))) return place;
  const beside = mkdtempSync(join(out, MAKING));
  try {
    const made = { ...(await bundle(beside, withMaps)), stamp };
    const manifest = writeAppManifest(beside, made.icons);
    writeFileSync(join(beside, 'index.html'), indexOf({ ...made, manifest }));
    await bundleWorker(beside, made);
    const files = compressAll(beside);
    writeFileSync(join(beside, 'manifest.json'), `${JSON.stringify({ ...made, files }, null, 1)}\n`);
    moveTo(place, beside);
  } finally {
    rmSync(beside, { recursive: true, force: true });
    rmSync(turn, { recursive: true, force: true });
  }
  forgetOld(out, stamp);
  return place;
}

/** Of several that start at once one makes it, the others wait for that. False: it is there. One that was killed is not waited for. */
async function begins(turn, place) {
  while (!existsSync(join(place, 'manifest.json'))) {
    try {
      mkdirSync(turn);
      return true;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const takenMs = statSync(turn, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - takenMs > TURN_MS) rmSync(turn, { recursive: true, force: true });
    else await setTimeout(100);
  }
  return false;
}

async function bundle(out, withMaps) {
  const { build } = await import('esbuild');
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['web/main.tsx', 'web/early.ts', 'web/look/all.css', 'web/ui/pigeon.svg', ...ICONS],
    outdir: out,
    outbase: 'web',
    entryNames: 'assets/[name]-[hash]',
    chunkNames: 'assets/[name]-[hash]',
    assetNames: 'assets/[name]-[hash]',
    loader: { '.svg': 'copy', '.png': 'copy' },
    ...COMMON,
    splitting: true,
    format: 'esm',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    sourcemap: withMaps ? 'inline' : false,
    metafile: true,
  });
  const outputs = Object.entries(metafile.outputs);
  const named = (source) => {
    const found = outputs.find(
      ([path, output]) =>
        !path.endsWith('.map') &&
        (output.entryPoint === source || (source in output.inputs && /\.(?:svg|png)$/.test(source))),
    );
    if (found === undefined) throw new Error(`nothing was made of ${source}`);
    return found[0];
  };
  const main = named('web/main.tsx');
  const relativeTo = (path) => relative(out, join(ROOT, path)).replaceAll('\\', '/');
  const chunks = outputs
    .filter(([, { entryPoint }]) => entryPoint?.startsWith('web/'))
    .map(([path, { entryPoint }]) => [entryPoint, needs(metafile.outputs, path).map(relativeTo)]);
  return {
    main: relativeTo(main),
    early: relativeTo(named('web/early.ts')),
    /** By language, what only who reads it needs. */
    texts: Object.fromEntries(
      LANGUAGES.map((language) => {
        const made = outputs.filter(([, { inputs }]) =>
          isOf(inputs, new RegExp(`^web/text/${language}(?:/(?!admin|security)|\\.ts$)`)),
        );
        return [language, made.map(([path]) => relativeTo(path))];
      }),
    ),
    style: relativeTo(named('web/look/all.css')),
    icon: relativeTo(named('web/ui/pigeon.svg')),
    /** Of the app on a phone's screen, and of its notifications. */
    icons: ICONS.map((icon) => relativeTo(named(icon))),
    /** What is loaded with the page: the main script and all that it imports at once. */
    preload: needs(metafile.outputs, main).map(relativeTo),
    /** By entry point or part that is loaded later: all files that it needs. */
    chunks: Object.fromEntries(chunks),
    /** What is loaded seldom and is good for nothing without a network, by what it is for. */
    apart: Object.fromEntries(
      Object.entries(APART).map(([name, sources]) => {
        const made = outputs.filter(([, { inputs }]) => isOf(inputs, sources));
        return [name, made.map(([path]) => relativeTo(path))];
      }),
    ),
  };
}

const LANGUAGES = ['en', 'sv'];
const APART = {
  administration: /^web\/(?:admin\/|text\/\w+\/admin\.ts$)/,
  /** How one comes in. */
  doors: /^web\/(?:security\/|text\/\w+\/security\.ts$)|^node_modules\/@simplewebauthn\//,
};

/** Made of nothing else: nothing of the rest can move over by accident. */
function isOf(inputs, sources) {
  const names = Object.keys(inputs);
  return names.length > 0 && names.every((name) => sources.test(name));
}

/** At an address of its own, which a browser asks anew: it names the files of this build. */
async function bundleWorker(out, { stamp, icons, apart, texts }) {
  const { build } = await import('esbuild');
  // It fetches them all for when there is no network, but for what needs one, and languages that nobody reads.
  const others = [...Object.values(apart), ...Object.values(texts)].flat();
  const kept = readdirSync(join(out, 'assets')).filter((name) => !others.includes(`assets/${name}`));
  const at = (path) => `/${path}`;
  const files = kept.map((name) => at(`assets/${name}`));
  const byLanguage = Object.fromEntries(Object.entries(texts).map(([name, paths]) => [name, paths.map(at)]));
  const [icon, , badge] = icons.map(at);
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['web/worker/service-worker.ts'],
    outfile: join(out, 'service-worker.js'),
    ...COMMON,
    format: 'iife',
    define: { BUILD: JSON.stringify({ stamp, files, texts: byLanguage, icon, badge }) },
  });
}

/** What the browser asks before the webmail becomes an app of the device (W3C Web App Manifest). */
function writeAppManifest(out, icons) {
  const [small, large] = icons;
  const icon = (path, size) => ({
    ...{ src: `/${path}`, sizes: `${size}x${size}`, type: 'image/png' },
    purpose: 'any maskable',
  });
  const manifest = {
    ...{ id: '/', name: 'Brevduva', short_name: 'Brevduva', start_url: '/', scope: '/' },
    ...{ display: 'standalone', background_color: '#fbfaf7', theme_color: '#fbfaf7' },
    icons: [icon(small, 192), icon(large, 512)],
  };
  const text = `${JSON.stringify(manifest)}\n`;
  const name = `assets/app-${createHash('sha256').update(text).digest('hex').slice(0, 8)}.webmanifest`;
  writeFileSync(join(out, name), text);
  return name;
}

/** A script with all that it imports without being asked to. */
function needs(outputs, path, seen = new Set()) {
  if (seen.has(path)) return [...seen];
  seen.add(path);
  for (const { path: other, kind } of outputs[path]?.imports ?? []) {
    if (kind === 'import-statement') needs(outputs, other, seen);
  }
  return [...seen];
}

function indexOf({ main, early, style, icon, icons, preload, chunks, manifest, stamp }) {
  const texts = LANGUAGES.map((name) => ` data-${name}="/${chunks[`web/text/${name}.ts`][0]}"`).join('');
  const lines = [
    '<!doctype html>',
    `<html lang="en" data-build="${stamp}"${texts}>`,
    '<head>',
    '<meta charset="utf-8">',
    '<title>Brevduva</title>',
    '<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content">',
    '<meta name="color-scheme" content="light dark">',
    '<meta name="robots" content="noindex">',
    `<link rel="icon" type="image/svg+xml" href="/${icon}">`,
    `<link rel="apple-touch-icon" href="/${icons[0]}">`,
    `<link rel="manifest" href="/${manifest}">`,
    `<link rel="stylesheet" href="/${style}">`,
    `<script src="/${early}"></script>`,
    ...preload.filter((path) => path !== main).map((path) => `<link rel="modulepreload" href="/${path}">`),
    `<script type="module" src="/${main}"></script>`,
    '</head>',
    '<body><div id="app"></div><noscript>Brevduva needs JavaScript in the browser.</noscript></body>',
    '</html>',
  ];
  return `${lines.join('\n')}\n`;
}

/** Returns path -> sizes in octets, of everything a browser may ask for. */
function compressAll(folder) {
  const files = {};
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(folder, name);
    if (!statSync(path).isFile()) continue;
    const octets = readFileSync(path);
    const sizes = { size: octets.length };
    if (COMPRESSED.test(name)) {
      const gzip = gzipSync(octets, { level: 9 });
      const brotli = brotliCompressSync(octets, {
        params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: octets.length },
      });
      writeFileSync(`${path}.gz`, gzip);
      writeFileSync(`${path}.br`, brotli);
      Object.assign(sizes, { gzip: gzip.length, brotli: brotli.length });
    }
    files[name.replaceAll('\\', '/')] = sizes;
  }
  return files;
}

/** Another process may have made the same in the meantime: what is there is as good. */
function moveTo(place, beside) {
  try {
    renameSync(beside, place);
  } catch (error) {
    if (existsSync(join(place, 'manifest.json'))) return;
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    // It came whole, and somebody has taken from it since.
    rmSync(place, { recursive: true, force: true });
    renameSync(beside, place);
  }
}

function forgetOld(out, stamp) {
  for (const name of readdirSync(out).filter((one) => one.startsWith(MAKING))) {
    const madeMs = statSync(join(out, name), { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - madeMs > LEFT_BEHIND_MS) rmSync(join(out, name), { recursive: true, force: true });
  }
  const builds = readdirSync(out)
    .filter((name) => /^[0-9a-f]{16}$/.test(name) && name !== stamp)
    .map((name) => ({ name, madeMs: statSync(join(out, name)).mtimeMs }))
    .sort((a, b) => b.madeMs - a.madeMs);
  for (const { name } of builds.slice(KEPT_BUILDS - 1))
    rmSync(join(out, name), { recursive: true, force: true });
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { out: { type: 'string' }, maps: { type: 'boolean', default: false } },
  });
  const place = await buildWeb({ out: values.out ?? join(ROOT, 'dist', 'web'), withMaps: values.maps });
  process.stdout.write(`${place}\n`);
}
