/**
 * Promise against reality after a restart: what was acknowledged is there once and whole, what was open has happened
 * or has not, and every number a client may have remembered still means the same.
 *
 * Returns what is wrong, one line each; afterwards the world is what the server has.
 */
import { idOf, isWhole } from './mail.ts';
import { type Found, type FoundFolder, nameOf, type Reality } from './reality.ts';
import { apply, type Change, type Copy, Folder, type World } from './world.ts';

export function verify(world: World, reality: Reality): string[] {
  const wrong: string[] = [...world.surprises];
  world.surprises.length = 0;
  const places = new Places(reality, world);
  for (const change of [...world.open]) {
    world.open.delete(change);
    if (change.outcomes === undefined) {
      if (places.hasHappened(change)) apply(change);
      continue;
    }
    const outcome = change.outcomes.find((one) => places.isSo(one));
    if (outcome === undefined) wrong.push(`${change.what}: none of what could have come of it`);
    else apply(outcome);
  }
  for (const [account, found] of reality) {
    adopt(world, account, found);
    for (const folder of world.foldersOf(account)) {
      const there = found.find(({ name }) => name === folder.name);
      if (there === undefined) wrong.push(`${account}: mailbox ${folder.name} is gone`);
      else wrong.push(...compare(folder, there).map((what) => `${account} ${folder.name}: ${what}`));
    }
    const names = new Set(world.foldersOf(account).map(({ name }) => name));
    for (const { name } of found)
      if (!names.has(name)) wrong.push(`${account}: mailbox ${name} came from nowhere`);
  }
  return wrong;
}

/** The mailboxes of the first day. */
function adopt(world: World, account: string, found: readonly FoundFolder[]): void {
  if (world.foldersOf(account).length > 0) return;
  for (const { name } of found) world.folders.push(new Folder(account, name));
}

class Places {
  readonly #reality: Reality;
  readonly #folders = new Map<string, Map<string, Found>>();

  constructor(reality: Reality, world: World) {
    this.#reality = reality;
    const known = new Map(world.folders.map((folder) => [`${folder.account} ${folder.name}`, folder]));
    for (const { rename } of world.open) {
      if (rename?.to !== undefined) known.set(`${rename.folder.account} ${rename.to}`, rename.folder);
    }
    for (const [account, folders] of reality) {
      for (const there of folders) {
        const folder = known.get(`${account} ${there.name}`);
        const messages = new Map<string, Found>();
        for (const message of there.messages) messages.set(mailId(folder, message), message);
        this.#folders.set(`${account} ${there.name}`, messages);
      }
    }
  }

  hasHappened({ rename, adds = [], removes = [], flags = [] }: Change): boolean {
    if (rename !== undefined) {
      const names = this.#reality.get(rename.folder.account)?.map(({ name }) => name) ?? [];
      return rename.to === undefined ? !names.includes(rename.from ?? '') : names.includes(rename.to);
    }
    if (adds.length > 0) return adds.some((copy) => this.#find(copy) !== undefined);
    if (removes.length > 0) return removes.some((copy) => this.#find(copy) === undefined);
    return flags.some(({ copy, to }) => this.#find(copy)?.flags === to && copy.flags !== to);
  }

  /** Every part of the change is to be seen, and nothing that it does not do. */
  isSo({ rename, adds = [], removes = [], keeps = [] }: Omit<Change, 'outcomes'>): boolean {
    if (rename !== undefined) {
      const names = this.#reality.get(rename.folder.account)?.map(({ name }) => name) ?? [];
      const isThere = names.includes((rename.to ?? rename.from) as string);
      if (isThere !== (rename.to !== undefined)) return false;
    }
    const isThere = (copy: Copy): boolean => this.#find(copy) !== undefined;
    return adds.every(isThere) && keeps.every(isThere) && !removes.some(isThere);
  }

  #find({ folder, mail }: Copy): Found | undefined {
    return this.#folders.get(`${folder.account} ${folder.name}`)?.get(mail.id);
  }
}

function mailId(folder: Folder | undefined, { uid, octets }: Found): string {
  return octets === undefined ? (folder?.mailOfUid.get(uid) ?? '?') : idOf(octets);
}

function compare(folder: Folder, there: FoundFolder): string[] {
  const wrong = compareNumbers(folder, there);
  const found = new Map<string, Found>();
  for (const message of there.messages) {
    const id = mailId(folder, message);
    const before = folder.mailOfUid.get(message.uid);
    if (before !== undefined && before !== id) wrong.push(`UID ${message.uid} was ${before} and is ${id}`);
    folder.mailOfUid.set(message.uid, id);
    if (found.has(id)) wrong.push(`${id} is there twice, as UID ${found.get(id)?.uid} and ${message.uid}`);
    found.set(id, message);
    const contradiction = folder.note(message.uid, message.modseq, message.flags);
    if (contradiction !== undefined) wrong.push(contradiction);
    if (!folder.copies.has(id)) wrong.push(`${nameOf(message)}, UID ${message.uid}, must not be there`);
  }
  for (const copy of folder.copies.values()) {
    wrong.push(...compareCopy(copy, found.get(copy.mail.id)));
  }
  wrong.push(...compareDevice(there));
  remember(folder, there);
  return wrong;
}

function compareNumbers(folder: Folder, there: FoundFolder): string[] {
  const wrong: string[] = [];
  folder.uidValidity ??= there.uidValidity;
  if (folder.uidValidity !== there.uidValidity) {
    wrong.push(`UIDVALIDITY was ${folder.uidValidity} and is ${there.uidValidity}`);
  }
  const highest = Math.max(0, ...folder.mailOfUid.keys(), ...there.messages.map(({ uid }) => uid));
  if (there.uidNext <= highest || there.uidNext < folder.highestUidNext) {
    wrong.push(`UIDNEXT is ${there.uidNext} after ${folder.highestUidNext} and UID ${highest}`);
  }
  if (there.modseq < folder.highestModseq) {
    wrong.push(`HIGHESTMODSEQ was ${folder.highestModseq} and is ${there.modseq}`);
  }
  return wrong;
}

function compareCopy(copy: Copy, found: Found | undefined): string[] {
  const { mail } = copy;
  if (found === undefined) return [`${mail.id} is lost`];
  const wrong: string[] = [];
  if (copy.uid !== undefined && copy.uid !== found.uid) {
    wrong.push(`${mail.id} was UID ${copy.uid} and is ${found.uid}`);
  }
  if (copy.flags !== found.flags) {
    wrong.push(`${mail.id} has the flags (${found.flags}) instead of (${copy.flags})`);
  }
  if (found.octets !== undefined && !isWhole(mail, found.octets)) {
    wrong.push(`${mail.id} is not what was sent: ${nameOf(found)}`);
  }
  copy.uid = found.uid;
  copy.flags = found.flags;
  return wrong;
}

function compareDevice({ device, messages }: FoundFolder): string[] {
  if (device === undefined) return [];
  const wrong: string[] = [];
  const flags = new Map(messages.map((message) => [message.uid, message.flags]));
  for (const [uid, seen] of device) {
    const now = flags.get(uid);
    if (now === undefined) wrong.push(`a device that resynchronised still has UID ${uid}`);
    else if (now !== seen)
      wrong.push(`a device that resynchronised has (${seen}) on UID ${uid}, not (${now})`);
  }
  for (const uid of flags.keys()) {
    if (!device.has(uid)) wrong.push(`a device that resynchronised was not told of UID ${uid}`);
  }
  return wrong;
}

function remember(folder: Folder, there: FoundFolder): void {
  folder.highestUidNext = Math.max(folder.highestUidNext, there.uidNext);
  folder.highestModseq = Math.max(folder.highestModseq, there.modseq);
  folder.device = {
    modseq: there.modseq,
    flags: new Map(there.messages.map(({ uid, flags }) => [uid, flags])),
  };
}
