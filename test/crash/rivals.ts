/**
 * Two connections that are in each other's way: one moves or uploads messages while the other deletes the mailbox they come from or
 * go to, in the same moment. Whatever comes first, no message may be in two places, and none may be nowhere but with a
 * mailbox that was deleted around it.
 */
import { type Answer, ImapClient } from '../imap-client.ts';
import { expand, type WriterOptions } from './imap-writer.ts';
import { mailOf, writeMail } from './mail.ts';
import type { Random } from './random.ts';
import { type Change, type Copy, Folder, type World } from './world.ts';

type Outcome = Omit<Change, 'outcomes'>;

/** What may come of two requests, by whether each of them was done. */
interface Contest {
  readonly first: string;
  readonly second: string;
  readonly outcomes: readonly {
    readonly isFirst: boolean;
    readonly isSecond: boolean;
    readonly outcome: Outcome;
  }[];
  /** Get their UIDs from the answer to the first. */
  readonly arriving: readonly Copy[];
}

const MOST = 6;

export class Rivals {
  readonly #options: WriterOptions;
  readonly #world: World;
  readonly #random: Random;
  #mover: ImapClient | undefined;
  #deleter: ImapClient | undefined;
  #count = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#world = options.world;
    this.#random = options.random;
  }

  async connect(port: number): Promise<void> {
    const { account, password } = this.#options;
    this.#mover = await ImapClient.signIn(port, account, password);
    this.#deleter = await ImapClient.signIn(port, account, password);
  }

  /** Until the connections are gone. */
  async run(): Promise<void> {
    try {
      for (;;) await this.#step();
    } catch (error) {
      if (!/closed the connection/.test((error as Error).message)) throw error;
    }
  }

  close(): void {
    this.#mover?.close();
    this.#deleter?.close();
  }

  async #step(): Promise<void> {
    const doomed = await this.#create();
    if (doomed === undefined) return;
    const inbox = this.#inbox();
    const mine = [...inbox.copies.values()].filter(
      ({ uid, mail }) => uid !== undefined && mail.id.includes(`-${this.#options.name}-`),
    );
    if (mine.length > 0 && this.#random.chance(0.5)) {
      const some = this.#random.sample(mine, 2 * MOST).sort((a, b) => (a.uid ?? 0) - (b.uid ?? 0));
      return this.#contest(await this.#moveThere(some, inbox, doomed));
    }
    const copies = await this.#append(doomed);
    if (copies.length === 0) return;
    await this.#contest(
      this.#random.chance(0.7)
        ? await this.#moveAway(copies, doomed, inbox)
        : this.#appendMore(copies, doomed),
    );
  }

  /** To the mailbox that is deleted. */
  async #moveThere(copies: readonly Copy[], source: Folder, target: Folder): Promise<Contest> {
    await this.#select(source);
    const arriving = copies.map((copy) => ({
      ...copy,
      folder: target,
      uid: undefined as number | undefined,
    }));
    const [there, gone] = existence(target);
    const of = (outcome: Partial<Outcome>): Outcome => ({ what: '', ...outcome });
    return {
      first: `UID MOVE ${uidsOf(copies)} ${target.name}`,
      second: `DELETE ${target.name}`,
      outcomes: [
        { isFirst: false, isSecond: false, outcome: of({ keeps: copies, rename: there }) },
        { isFirst: true, isSecond: false, outcome: of({ removes: copies, adds: arriving, rename: there }) },
        { isFirst: false, isSecond: true, outcome: of({ keeps: copies, rename: gone }) },
        { isFirst: true, isSecond: true, outcome: of({ removes: copies, rename: gone }) },
      ],
      arriving,
    };
  }

  /** From the mailbox that is deleted. */
  async #moveAway(copies: readonly Copy[], source: Folder, target: Folder): Promise<Contest> {
    await this.#select(source);
    const arriving = copies.map((copy) => ({
      ...copy,
      folder: target,
      uid: undefined as number | undefined,
    }));
    const [there, gone] = existence(source);
    const of = (outcome: Partial<Outcome>): Outcome => ({ what: '', ...outcome });
    return {
      first: `UID MOVE ${uidsOf(copies)} ${target.name}`,
      second: `DELETE ${source.name}`,
      outcomes: [
        { isFirst: false, isSecond: false, outcome: of({ keeps: copies, removes: arriving, rename: there }) },
        { isFirst: true, isSecond: false, outcome: of({ removes: copies, adds: arriving, rename: there }) },
        { isFirst: false, isSecond: true, outcome: of({ removes: arriving, rename: gone }) },
        { isFirst: true, isSecond: true, outcome: of({ adds: arriving, rename: gone }) },
      ],
      arriving,
    };
  }

  #appendMore(copies: readonly Copy[], folder: Folder): Contest {
    const { mail, bytes } = this.#write();
    const arriving = [{ mail, folder, uid: undefined as number | undefined, flags: '' }];
    const [there, gone] = existence(folder);
    const of = (outcome: Partial<Outcome>): Outcome => ({ what: '', ...outcome });
    return {
      first: `APPEND ${folder.name} {${bytes.length}+}\r\n${bytes.toString('latin1')}`,
      second: `DELETE ${folder.name}`,
      outcomes: [
        { isFirst: false, isSecond: false, outcome: of({ keeps: copies, removes: arriving, rename: there }) },
        { isFirst: true, isSecond: false, outcome: of({ keeps: copies, adds: arriving, rename: there }) },
        { isFirst: false, isSecond: true, outcome: of({ rename: gone }) },
        { isFirst: true, isSecond: true, outcome: of({ rename: gone }) },
      ],
      arriving,
    };
  }

  /** Both at once; what is answered narrows down what may have come of it. */
  async #contest({ first, second, outcomes, arriving }: Contest): Promise<void> {
    const what = `${first.split('\r\n')[0]} beside ${second}`;
    let left = outcomes;
    let change: Change = { what, outcomes: left.map(({ outcome }) => outcome) };
    this.#world.begin(change);
    const narrow = (keep: (one: Contest['outcomes'][number]) => boolean): void => {
      this.#world.open.delete(change);
      left = left.filter(keep);
      change = { what, outcomes: left.map(({ outcome }) => outcome) };
      this.#world.begin(change);
    };
    const asks = [
      () =>
        this.#command(this.#mover, first, (answer) => {
          const text = [...answer.untagged, answer.text].join('\n');
          const isDone = /\[(?:COPYUID|APPENDUID) /.test(text);
          narrow(({ isFirst }) => isFirst === isDone);
          if (isDone) note(text, arriving);
        }),
      () =>
        this.#command(this.#deleter, second, ({ status }) =>
          narrow(({ isSecond }) => isSecond === (status === 'OK')),
        ),
    ];
    if (this.#random.chance(0.4)) asks.reverse();
    const done = await Promise.allSettled(asks.map((ask) => ask()));
    for (const one of done) if (one.status === 'rejected') throw one.reason;
    const [only] = left;
    if (left.length === 1 && only !== undefined) this.#world.settle(change, only.outcome);
    else this.#world.refused(change, 'the two answers cannot both be true');
  }

  async #command(
    client: ImapClient | undefined,
    line: string,
    heard: (answer: Answer) => void,
  ): Promise<void> {
    if (client === undefined) throw new Error('not connected');
    heard(await client.command(line));
  }

  async #create(): Promise<Folder | undefined> {
    const { account, name, round } = this.#options;
    const folder = new Folder(account, undefined);
    this.#world.folders.push(folder);
    const to = `${name}-${round}-${this.#count++}`;
    const change: Change = { what: `CREATE ${to}`, rename: { folder, from: undefined, to } };
    return (await this.#ask(change, change.what)) === undefined ? undefined : folder;
  }

  async #append(folder: Folder): Promise<Copy[]> {
    const count = this.#random.integer(1, MOST);
    const parts: string[] = [];
    const adds: Copy[] = [];
    for (let i = 0; i < count; i++) {
      const { mail, bytes } = this.#write();
      parts.push(`{${bytes.length}+}\r\n${bytes.toString('latin1')}`);
      adds.push({ mail, folder, uid: undefined, flags: '' });
    }
    const change: Change = { what: `APPEND ${adds.map(({ mail }) => mail.id)} to ${folder.name}`, adds };
    const answer = await this.#ask(change, `APPEND ${folder.name} ${parts.join(' ')}`, (text) =>
      note(text, adds),
    );
    return answer === undefined ? [] : adds;
  }

  #write() {
    const { round, name } = this.#options;
    const id = `${round}-${name}-${this.#count++}`;
    const bytes = writeMail(id, this.#random.integer(300, 3000));
    return { mail: mailOf(id, bytes), bytes };
  }

  async #select(folder: Folder): Promise<void> {
    await this.#mover?.command(`SELECT ${folder.name}`);
  }

  async #ask(change: Change, line: string, done = (_: string): void => {}): Promise<Answer | undefined> {
    this.#world.begin(change);
    if (this.#mover === undefined) throw new Error('not connected');
    const answer = await this.#mover.command(line);
    if (answer.status !== 'OK') {
      this.#world.refused(change, `${answer.status} ${answer.text}`);
      return undefined;
    }
    done(answer.text);
    this.#world.done(change);
    return answer;
  }

  #inbox(): Folder {
    const { account } = this.#options;
    const inbox = this.#world.foldersOf(account).find(({ name }) => name === 'INBOX');
    if (inbox === undefined) throw new Error('no INBOX');
    return inbox;
  }
}

/** A mailbox that stays, and one that goes. */
function existence(
  folder: Folder,
): [there: NonNullable<Change['rename']>, gone: NonNullable<Change['rename']>] {
  const from = folder.name;
  return [
    { folder, from, to: from },
    { folder, from, to: undefined },
  ];
}

/** COPYUID names both sides, APPENDUID only where they went; both in the order asked. */
function note(text: string, copies: readonly Copy[]): void {
  const [, uids = ''] = /\[(?:COPYUID \d+ [\d:,]+|APPENDUID \d+) ([\d:,]+)\]/.exec(text) ?? [];
  for (const [i, uid] of expand(uids).entries()) (copies[i] as Copy).uid = uid;
}

/** Ascending, as COPYUID answers. */
function uidsOf(copies: readonly Copy[]): string {
  return copies.map(({ uid }) => uid).join(',');
}
