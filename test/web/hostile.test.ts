/**
 * Mail that attacks its reader, one file for each way (`hostile/`), in a real browser: nothing runs, nothing is asked of anybody,
 * nothing leads away. Three walls stand in between, and each is tried with the other two taken down.
 */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { needs } from '../clients/program.ts';
import { type Canary, openCanary } from './kit/canary.ts';
import type { Walls } from './kit/walls-page.ts';
import { serveWalls, type WallsServer } from './kit/walls-server.ts';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FOLDER = join(import.meta.dirname, 'hostile');
const FILES = (await readdir(FOLDER)).sort();
/** Long enough for what would begin by itself. */
const SETTLE_MS = 500;
/** Browsers connect ahead of what they may ask; a connection on which nothing is said tells nobody anything but that. */
const SILENT = '(nothing said)';

const ALL: Walls = { isCleaned: true, hasPolicy: true, hasSandbox: true };
const NONE: Walls = { isCleaned: false, hasPolicy: false, hasSandbox: false };

interface Seen {
  readonly ran: boolean;
  readonly dialogs: number;
  /** Tabs that opened, and places that the page or a frame of it went to. */
  readonly wentTo: readonly string[];
  readonly foreign: readonly string[];
  /** File by file, what is left in it that no mail may have. */
  readonly odd: Readonly<Record<string, readonly string[]>>;
}

describe('hostile mail', needs('chromium'), () => {
  let server: WallsServer;
  let canary: Canary;
  let browser: Browser;
  before(async () => {
    [server, canary] = await Promise.all([serveWalls(), openCanary()]);
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', `--host-resolver-rules=MAP *.example 127.0.0.1:${canary.port}`],
    });
  });
  after(async () => {
    await browser.close();
    server.close();
    canary.close();
  });

  /** All of the files at once, each in a frame of its own, in a page of its own. */
  async function see(path: string, walls: Walls, files = FILES): Promise<Seen> {
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      await page.goto(`http://127.0.0.1:${server.port}${path}`);
      canary.heard();
      server.asked();
      let dialogs = 0;
      page.on('dialog', (dialog) => {
        dialogs++;
        void dialog.dismiss();
      });
      const odd: Record<string, readonly string[]> = {};
      for (const name of files)
        odd[name] = await show(page, await readFile(join(FOLDER, name), 'utf8'), walls);
      const wentTo: string[] = [];
      page.on('framenavigated', (frame) => {
        const isOurs = frame === page.mainFrame() || frame.parentFrame() === page.mainFrame();
        if (isOurs) wentTo.push(frame.url());
      });
      await page.mouse.move(300, 200);
      await page.waitForTimeout(SETTLE_MS);
      const ran = await page.evaluate(() => 'ran' in globalThis);
      wentTo.push(
        ...context
          .pages()
          .filter((tab) => tab !== page)
          .map((tab) => tab.url()),
      );
      return { ran, dialogs, wentTo, foreign: canary.heard().filter((line) => line !== SILENT), odd };
    } finally {
      await context.close();
    }
  }

  function show(page: Page, html: string, walls: Walls): Promise<string[]> {
    return page.evaluate(
      ([text, asked]) =>
        (globalThis as unknown as { show(html: string, walls: Walls): Promise<string[]> }).show(text, asked),
      [html, walls] as const,
    );
  }

  const nothingRan = ({ ran, dialogs, wentTo }: Seen): void =>
    assert.deepEqual({ ran, dialogs, wentTo }, { ran: false, dialogs: 0, wentTo: [] });

  test('would do harm: without any wall scripts run and others are asked', async () => {
    const seen = await see('/bare', NONE, ['event-attributes.html']);
    assert.ok(seen.ran && seen.dialogs > 0 && seen.foreign.length > 0);
  });

  test('behind all walls does nothing, and neither others nor we ourselves are asked', async () => {
    const seen = await see('/app', ALL);
    nothingRan(seen);
    assert.deepEqual(seen.foreign, []);
    assert.deepEqual(server.asked(), []);
  });

  test('behind the sanitiser alone runs nothing, and only its style sheets ask anybody', async () => {
    const seen = await see('/bare', { ...NONE, isCleaned: true });
    nothingRan(seen);
    assert.deepEqual(seen.odd, Object.fromEntries(FILES.map((name) => [name, []])));
    const html = await see(
      '/bare',
      { ...NONE, isCleaned: true },
      FILES.filter((name) => !/^css-/.test(name)),
    );
    assert.deepEqual(html.foreign, []);
  });

  test('behind the policy of the frame alone runs nothing, and nobody is asked', async () => {
    const seen = await see('/bare', { ...NONE, hasPolicy: true });
    nothingRan(seen);
    assert.deepEqual(seen.foreign, []);
  });

  test('behind the sandbox alone runs nothing', async () => {
    nothingRan(await see('/bare', { ...NONE, hasSandbox: true }));
  });

  test('of any size is told from what can be shown in good time', async () => {
    const rows: readonly (readonly [string, string, string])[] = [
      ['many small things', '<p>a <b>b</b></p>'.repeat(4000), 'clean'],
      ['more than anybody writes', '<p>a <b>b</b></p>'.repeat(10_000), 'too-large'],
      ['nested as mails are', `${'<div>'.repeat(150)}deep${'</div>'.repeat(150)}`, 'clean'],
      ['nested for the sake of it', `${'<div>'.repeat(300)}deep`, 'too-large'],
      ['tables in tables', '<table><tr><td>'.repeat(200_000).slice(0, 1_000_000), 'too-large'],
      ['as many tables in tables as are looked at', '<table><tr><td>'.repeat(399), 'too-large'],
      ['unclosed cells', `<table>${'<tr><td>'.repeat(9000)}`, 'clean'],
      ['one long text', 'word '.repeat(200_000), 'clean'],
      ['a style sheet of a megabyte', `<style>${'p{color:red}'.repeat(80_000)}</style>x`, 'clean'],
      ['more than a megabyte', 'word '.repeat(300_000), 'too-large'],
    ];
    const page = await (await browser.newContext()).newPage();
    await page.goto(`http://127.0.0.1:${server.port}/app`);
    for (const [what, html, kind] of rows) {
      const seen = await page.evaluate(
        (text) =>
          (globalThis as unknown as { measure(html: string): { kind: string; ms: number } }).measure(text),
        html,
      );
      assert.equal(seen.kind, kind, what);
      // Far above what it takes, far below what a parser that goes astray takes.
      assert.ok(seen.ms < 5000, `${what}: ${seen.ms} ms`);
      if (process.env.SHOW_TIMES) console.log(what, Math.round(seen.ms), 'ms');
    }
    await page.context().close();
  });
});
