/** imapfilter: what its rules find, mark, copy, move and delete, and a mailbox that it makes; over TLS, STARTTLS and in clear. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { certificateOf } from './certificate.ts';
import { ALICE, Home } from './home.ts';
import { note } from './letters.ts';
import type { Mailboxes } from './mailboxes.ts';
import { needs, succeed } from './program.ts';

const WAYS = ['TLS', 'STARTTLS', 'no TLS'] as const;
type Way = (typeof WAYS)[number];

describe('imapfilter', needs('imapfilter'), () => {
  let home: Home;
  let server: Mailboxes;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brevduva-imapfilter-'));
    home = await Home.open();
    server = await home.mailboxes();
    await writeFile(join(folder, 'certificate.pem'), await certificateOf(home.ports.imaps));
  });
  after(async () => {
    await home.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** What the rules printed. */
  async function filter(way: Way, rules: string): Promise<string> {
    const path = join(folder, 'config.lua');
    const account = `server = '127.0.0.1', username = '${ALICE.address}', password = '${ALICE.password}'`;
    const { imap, imaps } = home.ports;
    const connection = way === 'TLS' ? `port = ${imaps}, ssl = 'auto'` : `port = ${imap}`;
    const options = `options.create = true; options.starttls = ${way === 'STARTTLS'}`;
    await writeFile(path, `${options}\nme = IMAP { ${account}, ${connection} }\n${rules}\n`);
    const { stdout } = await succeed('imapfilter', ['-c', path, '-t', join(folder, 'certificate.pem')], {
      env: { IMAPFILTER_HOME: folder },
    });
    return stdout.toString();
  }

  for (const way of WAYS)
    it(`files by its rules, over ${way}`, async () => {
      const inbox = `Filter ${way}`;
      await server.create(inbox);
      await server.append(inbox, [
        note('news of the day'),
        note('a bill', 'Please pay 20 quetzals.'),
        note('hello'),
        note('an old one', 'räksmörgås'),
      ]);
      const said = await filter(
        way,
        `
local box = me['${inbox}']
print(#box:select_all(), #box:is_unseen(), #box:contain_body('räksmörgås'), #box:contain_body('quetzals'))
box:check_status()
box:contain_subject('news'):move_messages(me['Filed ${way}/News'])
box:contain_body('quetzals'):copy_messages(me['Filed ${way}/Bills'])
box:match_subject('^a b[a-z]+$'):mark_flagged()
box:contain_subject('old'):add_flags({ '$Old', '\\\\Seen' })
box:contain_subject('hello'):delete_messages()
for _, message in ipairs(box:contain_subject('bill')) do
  local mailbox, uid = table.unpack(message)
  print(mailbox[uid]:fetch_field('subject'))
  print(mailbox[uid]:fetch_body())
end
local names = me:list_all('Filed ${way}')
table.sort(names)
print(table.concat(names, ','))`,
      );
      const lines = said.trim().split(/\r?\n/);
      assert.equal(lines[0], '4\t4\t1\t1');
      assert.match(lines[1] ?? '', /^4 messages, \d recent, 4 unseen/);
      assert.match(said, /Please pay 20 quetzals/);
      assert.equal(lines.at(-1), `Filed ${way}/Bills,Filed ${way}/News`);
      const left = (await server.read(inbox)).map(({ flags }) => flags.join(' '));
      // Reading it marked the bill as read.
      assert.deepEqual(left, ['\\Flagged', '$Old \\Seen']);
      assert.equal(await server.count(`Filed ${way}/News`), 1);
      assert.equal(await server.count(`Filed ${way}/Bills`), 1);
    });
});
