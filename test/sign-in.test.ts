/**
 * Guessing passwords over real connections: what a network learns that is refused, and what each attempt costs its
 * connection. The same for every protocol that has sign-ins.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ImapClient } from './imap-client.ts';
import { startTestImap } from './kit/imap.ts';
import { ALICE, startTestPop3 } from './kit/pop3.ts';
import { Pop3Client } from './pop3-client.ts';

/** One connection that tries to sign in. */
interface Guesser {
  /** The reply without its tag. */
  attempt(password: string): Promise<string>;
  /** An attempt that cannot be one: octets that are no password. */
  nonsense(): Promise<string>;
  /** Resolves when the server has closed. */
  ended(): Promise<unknown>;
  close(): void;
}

interface Guessed {
  /** What the answers so far have waited for, in ms. */
  readonly delays: number[];
  open(): Promise<Guesser>;
  close(): Promise<void>;
}

const FAILURES = 3;

async function imap(): Promise<Guessed> {
  const delays: number[] = [];
  const sleep = async (ms: number): Promise<void> => void delays.push(ms);
  const server = await startTestImap({
    failDelayMs: 2000,
    sleep,
    settings: { failuresPerConnection: FAILURES },
  });
  await server.kit.addAccount(ALICE, 'secret');
  return {
    delays,
    async open() {
      const client = await ImapClient.connect(server.port);
      await client.greeting();
      const attempt = async (line: string): Promise<string> => {
        const { status, text } = await client.command(line);
        return `${status} ${text}`;
      };
      return {
        attempt: (password) => attempt(`LOGIN ${ALICE} "${password}"`),
        // Somebody else's authorization identity (RFC 4616 §2).
        nonsense: () => attempt(`AUTHENTICATE PLAIN ${base64(`bob@example.com\0${ALICE}\0secret`)}`),
        ended: () => client.next().then(() => client.ended()),
        close: () => client.close(),
      };
    },
    close: () => server.close(),
  };
}

async function pop3(): Promise<Guessed> {
  const delays: number[] = [];
  const sleep = async (ms: number): Promise<void> => void delays.push(ms);
  const server = await startTestPop3({
    failDelayMs: 2000,
    sleep,
    settings: { failuresPerConnection: FAILURES },
  });
  return {
    delays,
    async open() {
      const client = await Pop3Client.open(server.port);
      return {
        attempt: async (password) => {
          await client.ok(`USER ${ALICE}`);
          return client.command(`PASS ${password}`);
        },
        nonsense: async () => {
          await client.ok(`USER ${ALICE}`);
          return client.command('PASS \xff\xfe');
        },
        ended: () => client.ended(),
        close: () => client.destroy(),
      };
    },
    close: () => server.close(),
  };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Wrong passwords, a new one each time, until the network is refused; gives the refusal. */
async function guessUntilRefused(server: Guessed): Promise<string> {
  const [first] = await tryAll(server, ['a wrong one']);
  for (let i = 0; i < 100; i++) {
    const [reply] = await tryAll(server, [`guess ${i}`]);
    if (reply !== first) return reply as string;
  }
  throw new Error('the network was never refused');
}

/** On one connection. */
async function tryAll(server: Guessed, passwords: readonly string[]): Promise<string[]> {
  const guesser = await server.open();
  const replies: string[] = [];
  for (const password of passwords) replies.push(await guesser.attempt(password));
  guesser.close();
  return replies;
}

for (const [name, start] of Object.entries({ imap, pop3 })) {
  describe(`guessing over ${name}`, () => {
    test('a refused network learns nothing: the right password of a moment ago is refused like a wrong one', async () => {
      const server = await start();
      try {
        const [welcome] = await tryAll(server, ['secret']);
        assert.match(welcome as string, /^(?:OK|\+OK)/);
        const refusal = await guessUntilRefused(server);
        server.delays.length = 0;
        const replies = await tryAll(server, ['secret', 'guess 0', 'never tried']);
        assert.deepEqual(replies, [refusal, refusal, refusal]);
        assert.equal(server.delays.length, FAILURES);
        assert.deepEqual(new Set(server.delays), new Set([15_000]));
      } finally {
        await server.close();
      }
    });

    test('an attempt that is refused counts against its connection, which ends after so many', async () => {
      const server = await start();
      try {
        await guessUntilRefused(server);
        const guesser = await server.open();
        for (let i = 0; i < FAILURES; i++) await guesser.attempt('secret');
        await guesser.ended();
      } finally {
        await server.close();
      }
    });

    test('so does a wrong password that was tried before, and what cannot be a password', async () => {
      const server = await start();
      try {
        const guesser = await server.open();
        await guesser.attempt('last year');
        await guesser.nonsense();
        await guesser.attempt('last year');
        await guesser.ended();
      } finally {
        await server.close();
      }
    });
  });
}
