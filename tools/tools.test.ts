import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkBudget } from './budget.ts';
import { CLIENT_PACKAGES, missingClients, prepareClients } from './clients.ts';
import { checkPages, checkUse } from './config-docs.ts';
import { checkDependencies } from './dependencies.ts';
import { checkLayers } from './layers.ts';
import { checkCitations, collect, renderIndex } from './rfc.ts';
import { groupsOf } from './together.ts';
import { checkWebLayers, readWebSources } from './web-layers.ts';

const file = (path: string, text: string) => ({ path, text });

describe('layers', () => {
  const rows: readonly (readonly [path: string, line: string, problem: RegExp | undefined])[] = [
    ['src/imap/session.ts', "import { copy } from '../mailbox/operations/copy.ts';", undefined],
    ['src/imap/session.ts', "import { open } from '../store/sqlite/open.ts';", /imap may import only/],
    ['src/imap/session.ts', "import { lock } from '../pop3/lock.ts';", /imap may import only/],
    ['src/imap/session.ts', "const x = await import('../store/x.ts');", /imap may import only/],
    ['src/imap/session.test.ts', "import { open } from '../store/sqlite/open.ts';", undefined],
    [
      'src/mailbox/operations/copy.ts',
      "import type {\n  Fetch,\n} from '../../imap/replies.ts';",
      /mailbox may import only mail, base/,
    ],
    ['src/base/clock.ts', "export { x } from '../mail/x.ts';", /base may import only nothing/],
    ['src/imap/wire/writer.ts', "import type { Uid } from '../../mailbox/model/model.ts';", undefined],
    ['src/imap/wire/writer.ts', "import { uid } from '../../mailbox/model/model.ts';", /wire/],
    ['src/imap/wire/writer.ts', "import type { View } from '../view.ts';", /wire/],
    ['src/imap/wire/writer.ts', "import { cursor } from './cursor.ts';", undefined],
    ['src/mailbox/operations/copy.ts', "import { turns } from '../change/turns.ts';", undefined],
    [
      'src/mailbox/state/load.ts',
      "import { turns } from '../change/turns.ts';",
      /state may import of the domain/,
    ],
    [
      'src/mailbox/state/load.ts',
      "import type { Domain } from '../domain.ts';",
      /state may import of the domain/,
    ],
    [
      'src/mailbox/operations/copy.ts',
      "import { WritableMailbox } from '../state/mailbox.ts';",
      /is changed by a change/,
    ],
    ['src/mailbox/change/turns.ts', "import { WritableMailbox } from '../state/mailbox.ts';", undefined],
    ['src/mailbox/cellar/x.ts', "import { a } from '../domain.ts';", /no known room/],
    ['src/cli/serve.ts', "import { open } from '../store/sqlite/open.ts';", undefined],
    ['src/cli/serve.ts', "import '../main.ts';", /nothing imports main/],
    ['src/store/memory/store.ts', "import { open } from '../sqlite/open.ts';", /knows no other store/],
    ['src/store/contract.ts', "import { open } from './sqlite/open.ts';", /knows no other store/],
    ['src/store/sqlite/ledger.ts', "import { email } from '../fixtures.ts';", undefined],
    ['src/cellar/x.ts', "import { a } from '../base/a.ts';", /no known layer/],
    ['src/web/x.ts', "import { a } from '../jmap/a.ts';", /web may import only/],
    ['src/mail/x.ts', "import { a } from './a.test.ts';", /only tests/],
    ['src/mail/x.ts', "import { a } from '../../tools/a.ts';", /only src/],
  ];
  for (const [path, line, problem] of rows) {
    test(`${path}: ${line.slice(0, 50)}`, () => {
      const problems = checkLayers([file(path, `${line}\n`)]);
      if (problem) assert.match(problems.join(), problem);
      else assert.deepEqual(problems, []);
    });
  }

  test('a cycle is shown whole, types included', () => {
    const files = [
      file('src/mail/a.ts', "import { b } from './b.ts';\n"),
      file('src/mail/b.ts', "import type { C } from './c.ts';\n"),
      file('src/mail/c.ts', "import { a } from './a.ts';\n"),
    ];
    assert.deepEqual(checkLayers(files), [
      'cycle: src/mail/a.ts -> src/mail/b.ts -> src/mail/c.ts -> src/mail/a.ts',
    ]);
  });
});

describe('budget', () => {
  const body = (lines: number) => '    work();\n'.repeat(lines);

  test('long files and functions are found, control statements are not functions', () => {
    assert.match(checkBudget([file('src/a.ts', 'x;\n'.repeat(401))]).join(), /src\/a\.ts: 401 lines/);
    const long = [
      `export function a(): void {\n${body(59)}}\n`,
      `class A {\n  async *go(x: number): Promise<void> {\n${body(59)}  }\n}\n`,
      `  const f = (x) => {\n${body(59)}  };\n`,
    ];
    for (const text of long)
      assert.match(checkBudget([file('src/a.ts', text)]).join(), /a function of 61 lines/);
    for (const text of [
      `for (const x of y) {\n${body(80)}}\n`,
      `function a(): void {\n${body(58)}}\n`,
      `class A extends B(C) {\n${body(80)}}\n`,
      `const TABLE = {\n${body(80)}};\n`,
    ]) {
      assert.deepEqual(checkBudget([file('src/a.ts', text)]), [], text.slice(0, 30));
    }
  });

  test('drawers are refused', () => {
    for (const path of ['src/mail/utils.ts', 'src/common/a.ts', 'src/mail/index.ts', 'src/mail/part-2.ts']) {
      assert.match(checkBudget([file(path, '')]).join(), /drawer/, path);
    }
    const base = Array.from({ length: 13 }, (_, i) => file(`src/base/f${i}.ts`, ''));
    assert.match(checkBudget(base).join(), /13 files/);
  });
});

describe('documents', () => {
  test('a page that differs is named with the remedy', () => {
    assert.match(checkPages(() => 'old')[0] ?? '', /docs\/CONFIG\.md differs .*--write/);
  });

  test('an option that nothing reads is found', () => {
    const problems = checkUse([file('src/main.ts', 'config.limits.lineBytes')]);
    assert.ok(problems.includes('option hostname is declared and read by nothing'));
    assert.ok(!problems.some((problem) => /limits\.line_bytes /.test(problem)));
  });

  test('citations are collected by code and test, claims need both', () => {
    const cited = collect([
      file('src/imap/a.ts', '// RFC 9051 §6.4.8, RFC 3501 §1'),
      file('src/imap/a.test.ts', '// RFC 9051 §6'),
      file('test/x.test.ts', '// RFC 99999'),
    ]);
    assert.match(renderIndex(cited), /IMAP Version 4rev2 \| yes \| `imap\/a\.ts` \| `imap\/a\.test\.ts` \|/);
    assert.deepEqual(checkCitations(cited, [9051, 3501]), [
      'RFC 99999 (test/x.test.ts) has no title in tools/rfc-titles.ts',
      'RFC 3501 is claimed and no test cites it',
    ]);
  });
});

test('a missing client is found by its command', () => {
  const isProgram = (name: string) => !name.includes('/');
  assert.deepEqual(
    missingClients('/nowhere').filter(isProgram),
    Object.keys(CLIENT_PACKAGES).filter(isProgram),
  );
});

describe('clients for the tests', () => {
  const files = [
    file('test/a.test.ts', "describe('x', needs('mbsync', 'curl'))"),
    file('test/b.test.ts', "it('y', needsWhenLong('swaks', 'java/some.jar'))"),
  ];

  function prepare(mayInstall: boolean, missing: string[], isLong = false) {
    const said: string[] = [];
    const env = prepareClients({
      files,
      mayInstall,
      isLong,
      say: (line) => said.push(line),
      missing: () => missing,
      install(names) {
        said.push(`(installs ${names.join(' ')})`);
        missing.length = 0;
        return undefined;
      },
    });
    return { env, said };
  }

  test('are not installed when nobody wants that, and the tests without them are named', () => {
    const { env, said } = prepare(false, ['mbsync', 'swaks']);
    assert.deepEqual(said, ['not here: mbsync (isync); skipped: test/a.test.ts']);
    assert.deepEqual(env, {});
  });

  test('are installed only after saying so, and only those that these tests need', () => {
    const { said } = prepare(true, ['mbsync', 'swaks']);
    if (process.getuid?.() !== 0) return;
    assert.match(said[0] ?? '', /need mbsync \(isync\)\. Installing with apt-get/);
    assert.match(said[1] ?? '', /npm test -- --no-install/);
    assert.equal(said[2], '(installs mbsync)');
  });

  test('that are needed for what takes long alone are asked for then', () => {
    const { said } = prepare(false, ['swaks', 'java/some.jar'], true);
    assert.equal(said.length, 2);
    assert.match(said.join(), /swaks .*test\/b\.test\.ts,.*java\/some\.jar .*test\/b\.test\.ts/);
  });

  test('that are all there are required from then on', () => {
    assert.deepEqual(prepare(true, ['swaks']), { env: { BREVDUVA_TEST_CLIENTS: 'required' }, said: [] });
  });
});

test('a dependency has one version and, in the server, a page', () => {
  const manifest = {
    dependencies: { known: '1.0.0', unknown: '1.0.0' },
    optionalDependencies: { loose: '^1.0.0' },
    devDependencies: { tool: '2.0.0' },
  };
  assert.deepEqual(
    checkDependencies(manifest, [file('docs/decisions/1.md', 'Chosen: `known` and `loose`.')]),
    ['loose is ^1.0.0, not one version', 'unknown has no page in docs/decisions/'],
  );
});

describe('layers of the webmail', () => {
  const rows: readonly (readonly [path: string, line: string, problem: RegExp | undefined])[] = [
    ['web/list/rows.ts', "import { signal } from '@preact/signals-core';", undefined],
    ['web/list/rows.ts', "import { signal } from '@preact/signals';", /does not draw/],
    ['web/list/rows.tsx', "import { useSignal } from '@preact/signals';", undefined],
    ['web/list/rows.ts', "import type { Email } from '../../src/jmap/types/email.ts';", undefined],
    ['web/list/rows.ts', "import { limits } from '../../src/jmap/types/email.ts';", /only types/],
    ['web/list/rows.ts', "import { parseSearch } from '../../src/mail/search-language.ts';", undefined],
    ['web/list/rows.ts', "import { foldText } from '../../src/mail/fold.ts';", /imports web/],
    ['web/list/rows.ts', "import type { Domain } from '../../src/mailbox/domain.ts';", /imports web/],
    ['web/list/rows.ts', "import { join } from 'node:path';", /no package for browsers/],
    ['web/list/rows.test.ts', "import { test } from 'node:test';", undefined],
    ['web/list/rows.tsx', 'node.innerHTML = text;', /becomes HTML nowhere/],
  ];
  for (const [path, line, problem] of rows) {
    test(`${path}: ${line.slice(0, 50)}`, () => {
      const problems = checkWebLayers([file(path, `${line}\n`)]);
      if (problem) assert.match(problems.join(), problem);
      else assert.deepEqual(problems, []);
    });
  }

  test('a file is imported by the name that it has', () => {
    const drawn = file('web/space/texts.tsx', '');
    const named = (name: string) => file('web/space/page.tsx', `import { x } from './${name}';\n`);
    assert.match(checkWebLayers([drawn, named('texts.ts')]).join(), /that is web\/space\/texts\.tsx/);
    assert.deepEqual(checkWebLayers([drawn, named('texts.tsx')]), []);
  });

  test('the tree itself', () => {
    assert.deepEqual(checkWebLayers(readWebSources()), []);
    assert.deepEqual(checkBudget(readWebSources()), []);
  });
});

test('tests of a folder share a process when none of them touches the others', () => {
  const plain = "import { test } from 'node:test';\n";
  const files = [
    file('test/workers.test.ts', plain),
    file('src/imap/a.test.ts', plain),
    file('src/imap/wire/b.test.ts', `${plain}describe('b', () => {\n  before(() => {});\n});\n`),
    file('src/imap/c.test.ts', `${plain}before(() => {});\n`),
    file('src/imap/d.test.ts', `${plain}process.env.X = '1';\n`),
    file('src/pop3/kill.test.ts', plain),
  ];
  assert.deepEqual(
    [...groupsOf(files).values()],
    [
      ['test/workers.test.ts'],
      ['src/imap/a.test.ts', 'src/imap/wire/b.test.ts'],
      ['src/imap/c.test.ts'],
      ['src/imap/d.test.ts'],
      ['src/pop3/kill.test.ts'],
    ],
  );
});
