/**
 * What package-lock.json wants, compared with what lies in node_modules: by the packages themselves, whoever put them
 * there and with whatever options. Without the development tools it is a complete installation of the server.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LIBC =
  existsSync('/lib') && readdirSync('/lib').some((name) => name.startsWith('ld-musl-')) ? 'musl' : 'glibc';

/** `needsNode`: the Node.js that runs us is too old, so the packaged one is needed. */
export function comparePackages(root, { wantsTools, needsNode }) {
  const wanted = Object.entries(read(join(root, 'package-lock.json')).packages).filter(
    ([path, entry]) => path !== '' && isForThisMachine(entry),
  );
  const missing = [];
  const changed = [];
  let canRun = true;
  let hasTools = false;
  for (const [path, entry] of wanted) {
    const version = versionOf(join(root, path));
    const name = `${path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)} ${entry.version}`;
    if (entry.dev && version !== undefined && !entry.optional) hasTools = true;
    if (version === entry.version || (entry.dev && !wantsTools)) continue;
    const isNode = path.startsWith('node_modules/node-');
    if (version === undefined && entry.optional && !(isNode && needsNode) && !entry.dev) continue;
    if (version === undefined) missing.push(name);
    else changed.push(`${name} (there: ${version})`);
    if (version === undefined) canRun = false;
  }
  return {
    isComplete: missing.length + changed.length === 0,
    isEmpty: !existsSync(join(root, 'node_modules')),
    /** All that is needed is there, in some version. */
    canRun,
    hasTools,
    missing,
    changed,
  };
}

function versionOf(folder) {
  try {
    return read(join(folder, 'package.json')).version;
  } catch {
    return undefined;
  }
}

function isForThisMachine({ os, cpu, libc }) {
  const isIn = (list, value) => list === undefined || [list].flat().includes(value);
  return isIn(os, process.platform) && isIn(cpu, process.arch) && isIn(libc, LIBC);
}

function read(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
