/**
 * A device that works on an account until its connection breaks: uploads, flags, copies, moves, expunges, makes, renames
 * and deletes mailboxes. Several of them share the mailboxes of an account; each changes only messages of its own.
 */
import { type Answer, ImapClient } from '../imap-client.ts';
import { mailOf, someSize, writeMail } from './mail.ts';
import type { Random } from './random.ts';
import { type Change, type Copy, Folder, flagsOf, type World } from './world.ts';

const FLAGS = ['\\Seen', '\\Flagged', '\\Answered', '\\Draft', '$Forwarded', '$Label1', 'Pigeon'];
/** Beyond it a writer rather deletes than adds. */
const ENOUGH = 120;
const MAX_OWN_FOLDERS = 4;

export interface WriterOptions {
  readonly world: World;
  readonly account: string;
  readonly password: string;
  /** Part of the ids of its messages and of the names of its mailboxes. */
  readonly name: string;
  readonly round: number;
  readonly random: Random;
}

export class ImapWriter {
  readonly #options: WriterOptions;
  readonly #world: World;
  readonly #random: Random;
  #client: ImapClient | undefined;
  #selected: Folder | undefined;
  #count = 0;
  #connection = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#world = options.world;
    this.#random = options.random;
  }

  async connect(port: number): Promise<void> {
    const { account, password } = this.#options;
    this.#client = await ImapClient.signIn(port, account, password);
    await this.#client.ok('ENABLE QRESYNC');
  }

  /** Works until the connection is gone. */
  async run(): Promise<void> {
    try {
      for (;;) await this.#step();
    } catch (error) {
      if (!/closed the connection/.test((error as Error).message)) throw error;
    }
  }

  close(): void {
    this.#client?.close();
  }

  async #step(): Promise<void> {
    const own = this.#own();
    const actions = own.length > ENOUGH ? CLEANING : ACTIONS;
    let at = this.#random.fraction() * actions.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, action] of actions) {
      at -= weight;
      if (at < 0) return action(this);
    }
  }

  static readonly actions = {
    append: (it: ImapWriter) => it.#append(1),
    multiAppend: (it: ImapWriter) => it.#append(it.#random.integer(2, 4)),
    store: (it: ImapWriter) => it.#store(),
    move: (it: ImapWriter) => it.#move(),
    copy: (it: ImapWriter) => it.#copy(),
    expunge: (it: ImapWriter) => it.#expunge(),
    create: (it: ImapWriter) => it.#create(),
    rename: (it: ImapWriter) => it.#rename(),
    remove: (it: ImapWriter) => it.#delete(),
  };

  /** Copies it may change: acknowledged, with a known UID. */
  #own(): Copy[] {
    const mark = `-${this.#options.name}-`;
    return this.#world
      .foldersOf(this.#options.account)
      .flatMap((folder) => [...folder.copies.values()])
      .filter((copy) => copy.uid !== undefined && copy.mail.id.includes(mark));
  }

  #ownFolders(): Folder[] {
    return this.#world
      .foldersOf(this.#options.account)
      .filter((folder) => folder.name?.startsWith(`${this.#options.name}-`));
  }

  /** Mailboxes it may put messages into: the shared ones and its own. */
  #targets(): Folder[] {
    const { account, name } = this.#options;
    return this.#world
      .foldersOf(account)
      .filter((folder) => !/^\w\d-/.test(folder.name ?? '') || folder.name?.startsWith(`${name}-`));
  }

  async #append(count: number): Promise<void> {
    const { round, name } = this.#options;
    const folder = this.#random.pick(this.#targets());
    const parts: string[] = [];
    const adds: Copy[] = [];
    for (let i = 0; i < count; i++) {
      const id = `${round}-${name}-${this.#count++}`;
      const bytes = writeMail(id, someSize(this.#random));
      const flags = flagsOf(this.#random.sample(FLAGS, this.#random.integer(0, 3)));
      parts.push(`(${flags}) {${bytes.length}+}\r\n${bytes.toString('latin1')}`);
      adds.push({ mail: mailOf(id, bytes), folder, uid: undefined, flags });
    }
    const change: Change = { what: `APPEND ${adds.map((copy) => copy.mail.id)} to ${folder.name}`, adds };
    const answer = await this.#ask(change, `APPEND ${folder.name} ${parts.join(' ')}`);
    if (answer === undefined) return;
    const [, uidValidity, uids] = /\[APPENDUID (\d+) ([\d:,]+)\]/.exec(answer.text) ?? [];
    this.#acknowledge(change, folder, uidValidity, expand(uids ?? ''));
  }

  async #store(): Promise<void> {
    const copies = await this.#some(8);
    if (copies.length === 0) return;
    const flags = flagsOf(this.#random.sample(FLAGS, this.#random.integer(0, 4)));
    const changed = copies.filter((copy) => copy.flags !== flags);
    if (changed.length === 0) return;
    await this.#setFlags(changed, flags);
  }

  async #setFlags(copies: readonly Copy[], flags: string): Promise<void> {
    const what = `STORE (${flags}) on ${copies.map((copy) => copy.mail.id)} in ${copies[0]?.folder.name}`;
    const change: Change = { what, flags: copies.map((copy) => ({ copy, to: flags })) };
    const answer = await this.#ask(change, `UID STORE ${uidsOf(copies)} FLAGS (${flags})`);
    if (answer !== undefined) this.#world.done(change);
  }

  async #expunge(): Promise<void> {
    const copies = await this.#some(6);
    if (copies.length === 0) return;
    const unmarked = copies.filter((copy) => copy.flags !== '\\Deleted');
    if (unmarked.length > 0) await this.#setFlags(unmarked, '\\Deleted');
    if (copies.some((copy) => copy.flags !== '\\Deleted')) return;
    const what = `EXPUNGE ${copies.map((copy) => copy.mail.id)} in ${copies[0]?.folder.name}`;
    const change: Change = { what, removes: copies };
    const answer = await this.#ask(change, `UID EXPUNGE ${uidsOf(copies)}`);
    if (answer !== undefined) this.#world.done(change);
  }

  async #move(): Promise<void> {
    await this.#transfer('MOVE');
  }

  async #copy(): Promise<void> {
    await this.#transfer('COPY');
  }

  async #transfer(verb: 'MOVE' | 'COPY'): Promise<void> {
    const found = await this.#some(10);
    const source = found[0]?.folder;
    const targets = this.#targets().filter((folder) => folder !== source);
    if (source === undefined || targets.length === 0) return;
    const target = this.#random.pick(targets);
    const copies = found.filter((copy) => !target.copies.has(copy.mail.id));
    if (copies.length === 0) return;
    const adds = copies.map((copy) => ({ ...copy, folder: target, uid: undefined as number | undefined }));
    const what = `${verb} ${copies.map((copy) => copy.mail.id)} from ${source.name} to ${target.name}`;
    const change: Change = verb === 'MOVE' ? { what, removes: copies, adds } : { what, adds };
    const answer = await this.#ask(change, `UID ${verb} ${uidsOf(copies)} ${target.name}`);
    if (answer === undefined) return;
    const text = [...answer.untagged, answer.text].join('\n');
    const [, uidValidity, from = '', to = ''] = /\[COPYUID (\d+) ([\d:,]+) ([\d:,]+)\]/.exec(text) ?? [];
    const where = new Map(expand(from).map((uid, i) => [uid, expand(to)[i]]));
    const uids = copies.map((copy) => where.get(copy.uid as number) ?? 0);
    this.#acknowledge(change, target, uidValidity, uids);
  }

  async #create(): Promise<void> {
    if (this.#ownFolders().length >= MAX_OWN_FOLDERS) return this.#delete();
    const folder = new Folder(this.#options.account, undefined);
    this.#world.folders.push(folder);
    const name = this.#newName();
    const rename = { folder, from: undefined, to: name };
    const change: Change = { what: `CREATE ${name}`, rename };
    if ((await this.#ask(change, `CREATE ${name}`)) !== undefined) this.#world.done(change);
  }

  async #rename(): Promise<void> {
    const folders = this.#ownFolders();
    if (folders.length === 0) return;
    const folder = this.#random.pick(folders);
    const name = this.#newName();
    const change: Change = {
      what: `RENAME ${folder.name} ${name}`,
      rename: { folder, from: folder.name, to: name },
    };
    const answer = await this.#ask(change, change.what);
    if (answer !== undefined) this.#world.done(change);
  }

  async #delete(): Promise<void> {
    const folders = this.#ownFolders().filter((folder) => folder !== this.#selected);
    if (folders.length === 0) return;
    const folder = this.#random.pick(folders);
    const change: Change = {
      what: `DELETE ${folder.name}`,
      rename: { folder, from: folder.name, to: undefined },
      removes: [...folder.copies.values()],
    };
    const answer = await this.#ask(change, change.what);
    if (answer !== undefined) this.#world.done(change);
  }

  #newName(): string {
    return `${this.#options.name}-${this.#options.round}-${this.#connection++}`;
  }

  /** Some of its own messages, all in one mailbox, which is selected. */
  async #some(most: number): Promise<Copy[]> {
    const own = this.#own();
    if (own.length === 0) return [];
    const { folder } = this.#random.pick(own);
    if (this.#selected !== folder) {
      const answer = await this.#command(`SELECT ${folder.name}`);
      this.#selected = answer.status === 'OK' ? folder : undefined;
      if (answer.status !== 'OK') this.#world.surprises.push(`SELECT ${folder.name}: ${answer.text}`);
      if (this.#selected === undefined) return [];
    }
    const here = own.filter((copy) => copy.folder === folder);
    return this.#random.sample(here, this.#random.integer(1, most));
  }

  /** Undefined when it was refused. */
  async #ask(change: Change, line: string): Promise<Answer | undefined> {
    this.#world.begin(change);
    const answer = await this.#command(line);
    if (answer.status === 'OK') return answer;
    this.#world.refused(change, `${answer.status} ${answer.text}`);
    return undefined;
  }

  async #command(line: string): Promise<Answer> {
    const folder = this.#selected;
    if (this.#client === undefined) throw new Error('not connected');
    const answer = await this.#client.command(line);
    if (folder !== undefined) this.#note(folder, answer);
    return answer;
  }

  /** What it is told of flags, in passing or because it asked. */
  #note(folder: Folder, { untagged, text }: Answer): void {
    for (const line of untagged) {
      const uid = /^\d+ FETCH \(.*\bUID (\d+)/.exec(line)?.[1];
      const flags = /FLAGS \(([^)]*)\)/.exec(line)?.[1];
      const modseq = /MODSEQ \((\d+)\)/.exec(line)?.[1];
      if (uid === undefined || flags === undefined || modseq === undefined) continue;
      const wrong = folder.note(Number(uid), Number(modseq), flagsOf(flags.split(' ')));
      if (wrong !== undefined) this.#world.surprises.push(wrong);
    }
    const highest = /\[HIGHESTMODSEQ (\d+)\]/.exec(text)?.[1];
    if (highest !== undefined) folder.highestModseq = Math.max(folder.highestModseq, Number(highest));
  }

  #acknowledge(
    change: Change,
    folder: Folder,
    uidValidity: string | undefined,
    uids: readonly number[],
  ): void {
    folder.uidValidity ??= Number(uidValidity);
    const adds = change.adds ?? [];
    if (uids.length !== adds.length || uids.includes(0) || folder.uidValidity !== Number(uidValidity)) {
      this.#world.surprises.push(`${change.what}: told UIDs ${uids} of UIDVALIDITY ${uidValidity}`);
    } else {
      for (const [i, copy] of adds.entries()) copy.uid = uids[i];
    }
    this.#world.done(change);
  }
}

type Action = (writer: ImapWriter) => Promise<void>;

const { append, multiAppend, store, move, copy, expunge, create, rename, remove } = ImapWriter.actions;
const ACTIONS: readonly (readonly [weight: number, action: Action])[] = [
  [8, append],
  [2, multiAppend],
  [8, store],
  [6, move],
  [3, copy],
  [3, expunge],
  [1, create],
  [1, rename],
  [0.7, remove],
];
const CLEANING: typeof ACTIONS = [
  [2, append],
  [4, store],
  [4, move],
  [10, expunge],
  [1, rename],
  [3, remove],
];

function uidsOf(copies: readonly Copy[]): string {
  return copies.map((copy) => copy.uid).join(',');
}

/** `3:5,9` as numbers, ascending or not, in the order written. */
export function expand(set: string): number[] {
  if (set === '') return [];
  return set.split(',').flatMap((range) => {
    const [from = 0, to = from] = range.split(':').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}
