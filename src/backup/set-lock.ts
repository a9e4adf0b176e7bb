/**
 * One at a time works on a set. Whoever does has written its name into the object `lock` and renews it; one that has not been renewed for a quarter
 * of an hour, or whose process on this machine is gone, is taken over.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { BackupError } from './backup-error.ts';
import { sourceOf } from './file-source.ts';
import { LOCK, type Place, readWhole } from './place.ts';

const RENEW_MS = 60_000;
const STALE_MS = 15 * 60_000;
/** Two that take it over at the same time have both written by then. */
const SETTLE_MS = 1500;
const MOST_BYTES = 4096;

const HolderSchema = z.object({
  token: z.string(),
  host: z.string(),
  boot: z.string(),
  pid: z.int(),
  atMs: z.number(),
});
type Holder = z.infer<typeof HolderSchema>;

export interface SetLock {
  /** Throws `busy` when somebody else has taken it over: this process stood still for too long. */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

/** Throws BackupError `busy`. */
export async function lockSet(place: Place): Promise<SetLock> {
  const me = { token: randomUUID(), host: hostname(), boot: bootId(), pid: process.pid };
  const octets = (): Buffer => Buffer.from(JSON.stringify({ ...me, atMs: Date.now() }));
  if (!(await place.create(LOCK, octets()))) {
    const holder = await holderOf(place);
    if (holder !== undefined && !isGone(holder, me)) throw busy(place, holder);
    await place.put(LOCK, sourceOf(octets()));
    await sleep(SETTLE_MS);
  }
  const lock = new HeldLock(place, me.token, octets);
  await lock.assertHeld();
  return lock;
}

class HeldLock implements SetLock {
  readonly #place: Place;
  readonly #token: string;
  readonly #renewing: NodeJS.Timeout;

  constructor(place: Place, token: string, octets: () => Buffer) {
    this.#place = place;
    this.#token = token;
    // One that could not be renewed is as old as it is, and asked about before anything is deleted.
    const renew = async (): Promise<void> => {
      await this.assertHeld();
      await place.put(LOCK, sourceOf(octets()));
    };
    this.#renewing = setInterval(() => void renew().catch(() => {}), RENEW_MS).unref();
  }

  async assertHeld(): Promise<void> {
    const holder = await holderOf(this.#place);
    if (holder?.token === this.#token) return;
    clearInterval(this.#renewing);
    throw holder === undefined
      ? new BackupError('busy', `the lock of ${this.#place.name} is gone; somebody has deleted it`)
      : busy(this.#place, holder);
  }

  async release(): Promise<void> {
    clearInterval(this.#renewing);
    const holder = await holderOf(this.#place);
    if (holder?.token === this.#token) await this.#place.remove(LOCK);
  }
}

/** Undefined: there is none, or none that can be read. */
async function holderOf(place: Place): Promise<Holder | undefined> {
  try {
    const octets = await readWhole(place, LOCK, MOST_BYTES);
    return HolderSchema.parse(JSON.parse(octets.toString('utf8')));
  } catch (error) {
    if (error instanceof BackupError && error.code === 'place') throw error;
    return undefined;
  }
}

function isGone(holder: Holder, me: { readonly host: string; readonly boot: string }): boolean {
  if (Math.abs(Date.now() - holder.atMs) > STALE_MS) return true;
  if (holder.host !== me.host) return false;
  return holder.boot !== me.boot || !isAlive(holder.pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function busy(place: Place, { host, pid, atMs }: Holder): BackupError {
  const since = new Date(atMs).toISOString();
  return new BackupError(
    'busy',
    `another backup works on ${place.name}: process ${pid} on ${host}, last seen at ${since}. When it is certain that it is gone, delete the lock of the set: ${LOCK}`,
  );
}

/** Numbers of processes are given anew by each start of the machine. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return '';
  }
}
