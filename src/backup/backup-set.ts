/** A set of snapshots in a place: whether it is one, which snapshots it has, and what they say. */
import { BackupError } from './backup-error.ts';
import { sourceOf } from './file-source.ts';
import { decodeManifest, encodeManifest, idAt, isOfItsOwnTime, type Manifest } from './manifest.ts';
import { MARK, manifestName, type Place, readWhole, SNAPSHOTS } from './place.ts';

const FORMAT = 1;
const MOST_MANIFEST_BYTES = 512 * 1024 * 1024;
const ID = /^snapshots\/(\d{8}T\d{6}Z(?:-\d+)?)\.jsonl$/;
/** What file systems put into an empty folder of their own. */
const OF_NOBODY: ReadonlySet<string> = new Set(['lost+found']);

export class BackupSet {
  readonly place: Place;

  private constructor(place: Place) {
    this.place = place;
  }

  /** Throws BackupError `usage` where there is none. */
  static async open(place: Place): Promise<BackupSet> {
    if (!(await isSet(place))) throw new BackupError('usage', `there is no backup in ${place.name}`);
    return new BackupSet(place);
  }

  /** Begins one where nothing is. Throws `usage` where something else is. */
  static async openOrBegin(place: Place): Promise<BackupSet> {
    if (await isSet(place)) return new BackupSet(place);
    for await (const { name } of place.list('')) {
      if (OF_NOBODY.has(name.split('/')[0] ?? '')) continue;
      throw new BackupError(
        'usage',
        `${place.name} is not empty, and what is in it is no backup; name another`,
      );
    }
    await place.put(MARK, sourceOf(Buffer.from(`${JSON.stringify({ format: FORMAT })}\n`)));
    return new BackupSet(place);
  }

  /** In the order in which they were made. */
  async ids(): Promise<readonly string[]> {
    const ids: string[] = [];
    for await (const { name } of this.place.list(SNAPSHOTS)) {
      const id = ID.exec(name)?.[1];
      if (id !== undefined) ids.push(id);
    }
    return ids.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  }

  /** Throws BackupError. */
  async manifest(id: string): Promise<Manifest> {
    const octets = await readWhole(this.place, manifestName(id), MOST_MANIFEST_BYTES);
    const manifest = decodeManifest(octets, id);
    if (manifest.id !== id)
      throw new BackupError('damaged', `the snapshot ${id} calls itself ${manifest.id}`);
    return manifest;
  }

  async add(manifest: Manifest): Promise<void> {
    // What it names is there first, whatever is cut.
    await this.place.settle();
    await this.place.put(manifestName(manifest.id), sourceOf(encodeManifest(manifest)));
    await this.place.settle();
  }

  /**
   * The newest whose clock said that time or one before it: an id, or as much of a time as somebody wants to say (`2026-11-28`,
   * `2026-11-28T14:00`, in UTC). The newest of all without one.
   */
  async find(at: string | undefined): Promise<string> {
    const ids = await this.ids();
    const last = ids.at(-1);
    if (last === undefined) throw new BackupError('usage', `there is no snapshot in ${this.place.name}`);
    if (at === undefined) return last;
    const wanted = at.replace(/[-:]|Z$/g, '').replace(' ', 'T');
    if (!/^\d{8}(T\d{0,6})?$/.test(wanted) && !ids.includes(at))
      throw new BackupError('usage', `"${at}" is no snapshot and no time; they look like ${last}`);
    if (ids.includes(at)) return at;
    for (const id of ids.toReversed())
      if ((await this.#timeOf(id)).slice(0, wanted.length) <= wanted) return id;
    throw new BackupError('usage', `there is no snapshot of ${at} or before; the oldest is ${ids[0]}`);
  }

  /** What the clock said when it was made; its name does not say it where that clock was put back. */
  async #timeOf(id: string): Promise<string> {
    if (isOfItsOwnTime(id)) return id;
    try {
      return idAt((await this.manifest(id)).createdMs);
    } catch (error) {
      if (!(error instanceof BackupError)) throw error;
      return id; // which one is damaged is said by who reads it
    }
  }
}

async function isSet(place: Place): Promise<boolean> {
  let text: string;
  try {
    text = (await readWhole(place, MARK, 1000)).toString('utf8');
  } catch (error) {
    if (error instanceof BackupError && error.code === 'missing') return false;
    throw error;
  }
  if (/"format":1\b/.test(text)) return true;
  throw new BackupError('newer', `the backup in ${place.name} is of another version of this program`);
}
