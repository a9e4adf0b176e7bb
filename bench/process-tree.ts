/** What a server takes: CPU time and memory of its whole process tree, from /proc, and room on the disk. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const TICKS_PER_SECOND = 100;

interface Stat {
  readonly parent: number;
  readonly ticks: number;
}

/** User and system time, of processes that have ended too, in milliseconds. */
export function cpuMs(roots: readonly number[]): number {
  let ticks = 0;
  for (const { ticks: own } of tree(roots).values()) ticks += own;
  return (ticks * 1000) / TICKS_PER_SECOND;
}

/**
 * Proportional set size: shared pages are counted once, not per process. Without the pages of files: how many of a program's
 * pages count depends on who else runs it (the load does) and on what the kernel has dropped.
 */
export function memoryKb(roots: readonly number[]): number {
  let total = 0;
  for (const pid of tree(roots).keys()) {
    try {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      for (const [, kb] of text.matchAll(/^Pss_(?:Anon|Shmem):\s+(\d+)/gm)) total += Number(kb);
    } catch {
      // It ended meanwhile.
    }
  }
  return total;
}

/** In blocks that are taken, of all files below. */
export function diskBytes(folder: string): number {
  let total = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const stat = statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false });
    if (stat?.isFile()) total += stat.blocks * 512;
  }
  return total;
}

function tree(roots: readonly number[]): Map<number, Stat> {
  const all = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const stat = statOf(pid);
    if (stat !== undefined) all.set(pid, stat);
  }
  const mine = new Map<number, Stat>();
  const waiting = [...roots];
  for (const pid of waiting) {
    const stat = all.get(pid);
    if (stat === undefined || mine.has(pid)) continue;
    mine.set(pid, stat);
    for (const [child, { parent }] of all) if (parent === pid) waiting.push(child);
  }
  return mine;
}

function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [, parent] = fields;
    // utime, stime and those of children that were waited for: fields 14 to 17 of proc(5).
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return { parent: Number(parent), ticks };
  } catch {
    return undefined;
  }
}
