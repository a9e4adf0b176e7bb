/**
 * The webmail in a real browser at a real server, with a witness over IMAP: for stories that a person could tell. Every page counts
 * what it wrote to its console as an error, and what it asked of anybody but our server.
 */
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { ImapFlow } from 'imapflow';
import { createTransport } from 'nodemailer';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { startServer, type TestServer } from '../../kit/server.ts';
import { LETTERS, type Letter, letterOctets } from './letters.ts';

const BUILD_MS = 60_000;
export const ANN = 'ann@example.org';
export const PASSWORD = 'correct horse battery';
/** Debian's; where there is none the stories cannot be played. */
export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);

export const PHONE = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
  deviceScaleFactor: 2,
};
export const COMPUTER = { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 };

export interface House {
  readonly server: TestServer;
  readonly origin: string;
  readonly browser: Browser;
  /** A window of its own, signed in. */
  visit(options?: VisitOptions): Promise<Visit>;
  witness(): Promise<ImapFlow>;
  /** Mail from outside, by LMTP; it is there when this resolves. */
  deliver(letter: Omit<Letter, 'date'>, fields?: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface VisitOptions {
  readonly device?: typeof PHONE | typeof COMPUTER;
  readonly locale?: 'en-GB' | 'sv-SE';
  readonly scheme?: 'light' | 'dark';
  /** Where to begin; signed in there. */
  readonly at?: string;
  readonly isSignedIn?: boolean;
  /** Whether the browser has service workers; it has, when left out. */
  readonly hasWorker?: boolean;
  /** By way of this address, when it is not the server's own. */
  readonly origin?: string;
}

export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What went wrong in the page so far. */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

export async function openHouse(
  letters: readonly Letter[] = LETTERS,
  config: Readonly<Record<string, string>> = {},
): Promise<House> {
  const server = await startServer({ config: { 'auth.fail_delay': '10ms', ...config } });
  const origin = `http://127.0.0.1:${server.port('http')}`;
  await server.cli(['account', 'add', ANN, '--password-stdin'], PASSWORD);
  const witness = async (): Promise<ImapFlow> => {
    const client = new ImapFlow({
      ...{ host: '127.0.0.1', port: server.port('imap'), secure: false, logger: false },
      ...{ auth: { user: ANN, pass: PASSWORD }, tls: { rejectUnauthorized: false } },
    });
    await client.connect();
    return client;
  };
  await fill(await witness(), letters);
  await isBuilt(origin);
  const browser = await chromium.launch({ executablePath: CHROMIUM as string, args: ['--no-sandbox'] });
  return {
    ...{ server, origin, browser, witness },
    deliver: (letter, fields = []) => deliver(server.port('lmtp'), letter, fields),
    visit: (options = {}) => visit(browser, options.origin ?? origin, options),
    async close() {
      await browser.close();
      await server.stop();
    },
  };
}

/** The first server of a clone makes the files of the webmail while it is up already, and says so meanwhile. */
async function isBuilt(origin: string): Promise<void> {
  const untilMs = Date.now() + BUILD_MS;
  for (;;) {
    const response = await fetch(origin);
    await response.text();
    if (response.ok || Date.now() > untilMs) return;
    await setTimeout(100);
  }
}

async function deliver(port: number, letter: Omit<Letter, 'date'>, fields: readonly string[]): Promise<void> {
  const transport = createTransport({
    ...{ lmtp: true, host: '127.0.0.1', port, tls: { rejectUnauthorized: false } },
  } as Parameters<typeof createTransport>[0]);
  const octets = letterOctets({ date: new Date(), ...letter });
  const raw = Buffer.concat([Buffer.from(fields.map((field) => `${field}\r\n`).join('')), octets]);
  try {
    await transport.sendMail({ raw, envelope: { from: 'sender@example.com', to: ANN } });
  } finally {
    transport.close();
  }
}

async function fill(client: ImapFlow, letters: readonly Letter[]): Promise<void> {
  const mailboxes = new Set(letters.map(({ mailbox = 'INBOX' }) => mailbox));
  for (const mailbox of mailboxes) await client.mailboxCreate(mailbox).catch(() => {});
  for (const letter of letters)
    await client.append(
      letter.mailbox ?? 'INBOX',
      letterOctets(letter),
      [...(letter.flags ?? [])],
      letter.date,
    );
  await client.logout();
}

async function visit(browser: Browser, origin: string, options: VisitOptions): Promise<Visit> {
  const { device = COMPUTER, locale = 'en-GB', scheme = 'light', at = '/', isSignedIn = true } = options;
  const { hasWorker = true } = options;
  const context = await browser.newContext({
    ...device,
    locale,
    colorScheme: scheme,
    timezoneId: 'Europe/Stockholm',
    serviceWorkers: hasWorker ? 'allow' : 'block',
  });
  const faults: string[] = [];
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !/^(?:data|blob):/.test(url)) faults.push(`asked ${url}`);
  });
  if (isSignedIn) {
    await context.request.post(`${origin}/web/sign-in`, {
      headers: { 'sec-fetch-site': 'same-origin', 'user-agent': 'Chrome/150 Linux' },
      data: { address: ANN, password: PASSWORD, isOwnDevice: true },
    });
  }
  await page.goto(origin + at);
  return { page, context, faults, close: () => context.close() };
}
