/** What the reader does with HTML, in a real browser: what it keeps, where its pictures and links lead, what it folds, how it looks in the dark. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { needs } from '../clients/program.ts';
import type { Reader } from './kit/reader-page.ts';
import { serveWalls, type WallsServer } from './kit/walls-server.ts';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

describe('HTML mail', needs('chromium'), () => {
  let server: WallsServer;
  let browser: Browser;
  let page: Page;
  before(async () => {
    server = await serveWalls('reader-page.ts');
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.port}/app`);
  });
  after(async () => {
    await browser.close();
    server.close();
  });

  async function ask<Name extends keyof Reader>(
    name: Name,
    html: string,
  ): Promise<Awaited<ReturnType<Reader[Name]>>> {
    const answer = await page.evaluate(
      ([what, text]) =>
        (globalThis as unknown as { reader: Record<string, (html: string) => unknown> }).reader[what]?.(text),
      [name, html] as const,
    );
    return answer as Awaited<ReturnType<Reader[Name]>>;
  }

  test('keeps what makes a mail look as it was made', async () => {
    const kept = [
      '<p style="color: red;">red</p>',
      '<table width="600" cellpadding="0" bgcolor="#eeeeee"><tbody><tr><td align="center" valign="top">x</td></tr></tbody></table>',
      '<style>p{color:red}</style><p class="a" id="b">x</p>',
      '<h1 dir="rtl" lang="he">x</h1><font color="#ff0000" size="2" face="Arial">x</font><center>x</center>',
      '<ul type="square"><li>x</li></ul><blockquote>x</blockquote><hr><pre>x  y</pre><sub>x</sub><details><summary>a</summary>b</details>',
    ];
    for (const html of kept) assert.equal(await ask('cleaned', html), html);
    assert.equal(
      await ask('cleaned', '<style><!-- p{color:red} --></style>x'),
      '<style>  p{color:red}  </style>x',
    );
  });

  test('links open elsewhere and tell nobody; doubtful ones lead to a page that says so', async () => {
    assert.equal(
      await ask('cleaned', '<a href="https://example.org/a" target="_top" title="lie">x</a>'),
      '<a href="https://example.org/a" title="https://example.org/a" target="_blank" rel="noopener noreferrer">x</a>',
    );
    assert.match(
      await ask('cleaned', '<a href="https://evil.example/">https://bank.example/</a>'),
      /href="\/leave"/,
    );
    assert.equal(await ask('cleaned', '<a href="/relative">x</a><a href="#a">y</a>'), '<a>x</a><a>y</a>');
  });

  test('pictures are places that whoever shows the mail fills', async () => {
    const { sources, html } = await ask(
      'pictures',
      `<img src="cid:one@example.org" alt="a" width="10"><img src="https://example.org/two.png">
      <img src="/three"><table><tbody><tr><td background="https://example.org/four.png">x</td></tr></tbody></table>
      <p style="background-image:url(https://example.org/five.png)">x</p>`,
    );
    assert.deepEqual(sources, [
      ...['one@example.org', 'https://example.org/two.png'],
      ...['https://example.org/four.png', 'https://example.org/five.png'],
    ]);
    assert.equal(html.match(/\/shown/g)?.length, 4);
    assert.doesNotMatch(html, /example\.org|three/);
  });

  test('what is quoted at the end is folded, and what is answered or passed on is not', async () => {
    const rows: readonly (readonly [html: string, folded: string | undefined])[] = [
      ['<p>Yes.</p><blockquote type="cite">Really?</blockquote>', 'Really?'],
      [
        '<div>Yes.</div><div class="gmail_quote"><div>Anna wrote:</div><blockquote class="gmail_quote">Really?</blockquote></div>',
        'Anna wrote:Really?',
      ],
      [
        '<p>Yes.</p><div class="moz-cite-prefix">Anna:</div><blockquote type="cite">Really?</blockquote><div class="moz-signature">O</div>',
        'Anna:Really?O',
      ],
      [
        '<div>Yes.</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">From: Anna</div><div>Really?</div>',
        'From: AnnaReally?',
      ],
      [
        '<blockquote type="cite">One?</blockquote><p>Yes.</p><blockquote type="cite">Two?</blockquote><p>No.</p>',
        undefined,
      ],
      [
        '<p>a</p><blockquote type="cite">One?</blockquote><p>Yes.</p><blockquote type="cite">The rest.</blockquote>',
        'The rest.',
      ],
      ['<blockquote type="cite">Only this.</blockquote>', undefined],
      [
        '<p>See below.</p><div class="gmail_quote">---------- Forwarded message ---------<p>x</p></div>',
        undefined,
      ],
      ['<p>A blockquote of words</p><blockquote>Not marked.</blockquote>', undefined],
    ];
    for (const [html, expected] of rows) assert.equal(await ask('folded', html), expected, html);
  });

  test('in the dark each text can be read, or the mail is shown as it was made', async () => {
    const newsletter = `<body bgcolor="#f4f4f4" text="#333333"><table bgcolor="#ffffff" width="600"><tr><td style="padding:9px;color:#999">
      <h1 style="color:#222">News</h1><p>pale <a href="https://example.org" style="color:#1a73e8">link</a></p></td></tr>
      <tr><td bgcolor="#1a2b3c" style="color:#fff">footer <span style="color:#445566">small print</span></td></tr></table>`;
    const rows: readonly (readonly [what: string, html: string, isDark: boolean])[] = [
      ['a newsletter with grounds', newsletter, true],
      [
        'black on nothing',
        '<p style="color:#000">black</p><p>plain</p><font color="black">font</font>',
        true,
      ],
      ['white on nothing', '<p style="color:#fff">white</p>', true],
      [
        'half transparent',
        '<div style="background:rgba(0,0,0,.1)"><p style="color:rgba(0,0,0,.6)">x</p></div>',
        true,
      ],
      [
        'a style sheet',
        '<style>.a{color:#777;background:#eee}.a b{color:#333}</style><p class="a">x <b>y</b></p>',
        true,
      ],
      [
        'words on a run of colours',
        '<div style="background:linear-gradient(red,blue)"><p>x</p></div>',
        false,
      ],
      ['colours of a wide range', '<p style="color:color(display-p3 1 0 0)">x</p>', false],
    ];
    for (const [what, html, isDark] of rows) {
      const seen = await ask('dark', html);
      assert.equal(seen.isDark, isDark, what);
      if (isDark)
        assert.ok(
          (seen.worst?.contrast ?? 0) >= 4.45,
          `${what}: ${seen.worst?.words} ${seen.worst?.contrast}`,
        );
    }
    assert.equal((await ask('dark', '<p>x</p>'.repeat(6000))).isDark, false);
  });
});
