/** What somebody does to his mail at random over IMAP, for tests in which others watch. */
import type { ImapClient } from '../imap-client.ts';

const SUBJECTS = ['lunch', 'Re: lunch', 'report', 'zebra', 'apple'];
const WORDS = ['pigeon', 'harbour', 'invoice'];
const TOP = ['Play', 'Work', 'Archive', 'Sent'];

/** Numbers at random, the same for the same seed. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed * 2654435761 + 1;
  }

  next(below: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * below);
  }

  of<T>(all: readonly T[]): T {
    return all[this.next(all.length)] as T;
  }
}

/** One step of somebody; what is refused is no harm. */
export async function step(client: ImapClient, dice: Dice): Promise<void> {
  const name = (): string => dice.of(TOP) + dice.of(['', '', '/a', '/b', '/a/c']);
  switch (dice.next(11)) {
    case 0:
      await client.command(`CREATE ${name()}`);
      return;
    case 1:
      await client.command(`DELETE ${name()}`);
      return;
    case 2:
      await client.command(`RENAME ${name()} ${name()}`);
      return;
    case 3:
      await client.command(`${dice.of(['SUBSCRIBE', 'UNSUBSCRIBE'])} ${name()}`);
      return;
    case 4:
    case 5: {
      const message = `Subject: ${dice.of(SUBJECTS)}\r\n\r\n${dice.of(WORDS)}\r\n`;
      const flags = dice.of(['', '(\\Seen) ', '(work) ']);
      await client.command(`APPEND ${dice.of(['INBOX', name()])} ${flags}{${message.length}+}\r\n${message}`);
      return;
    }
    case 6:
      await client.command(`SELECT ${dice.of(['INBOX', name()])}`);
      return;
    case 7:
      await client.command(
        `${dice.of(['UID COPY', 'UID MOVE'])} ${1 + dice.next(9)}:9 ${dice.of(['INBOX', name()])}`,
      );
      return;
    case 8:
      await client.command(`UID STORE ${1 + dice.next(9)}:* +FLAGS.SILENT (\\Deleted)`);
      await client.command('EXPUNGE');
      return;
    default:
      await client.command(
        `UID STORE ${1 + dice.next(9)}:${1 + dice.next(9)} ${dice.of(['+', '-'])}FLAGS (${dice.of(['\\Seen', '\\Flagged', 'work'])})`,
      );
  }
}
