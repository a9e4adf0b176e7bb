/** How a person calls this program from here: what hints show must work when it is typed. */
import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, relative } from 'node:path';

const NAME = 'brevduva';
const ROOT = dirname(dirname(import.meta.dirname));

/** `brevduva` where the shell finds it, the path of the program in a clone, else npm's way to a package's command. */
export function commandName(folder = process.cwd(), path = process.env.PATH ?? ''): string {
  const program = join(ROOT, 'bin', 'brevduva.mjs');
  // npm puts its own folders in front of the path for what it runs; the shell of a person has not got them.
  const places = path.split(delimiter).filter((place) => !place.endsWith(join('node_modules', '.bin')));
  if (places.some((place) => isLinkTo(join(place, NAME), program))) return NAME;
  if (!import.meta.filename.endsWith('.ts')) return `npx ${NAME}`;
  const way = relative(folder, program);
  if (way.startsWith('..') || isAbsolute(way)) return program;
  return way.includes('/') ? way : `./${way}`;
}

/** For a shell. */
export function quoted(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function isLinkTo(command: string, program: string): boolean {
  try {
    accessSync(command, constants.X_OK);
    return realpathSync(command) === realpathSync(program);
  } catch {
    return false;
  }
}
