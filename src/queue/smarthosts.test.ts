/** Which mail goes by which server, by who sends and who gets it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startNextHop } from '../../test/kit/next-hop.ts';
import { openQueue, zoneFor } from '../../test/kit/queue.ts';
import { type Smarthost, Smarthosts } from './smarthosts.ts';

const at = (port: number): Smarthost => ({
  name: '127.0.0.1',
  port,
  tls: 'opportunistic',
  isImplicitTls: false,
});

describe('smarthosts', () => {
  it('the first rule that fits counts', () => {
    const [one, two, rest] = [at(1), at(2), at(3)];
    const all = new Smarthosts(
      [
        { from: 'example.com', to: 'example.net', via: 'mx' },
        { from: 'example.com', via: one },
        { to: '*.example.org', via: two },
      ],
      rest,
    );
    assert.ok(all.asksForSender);
    assert.equal(all.find('example.net', 'EXAMPLE.com'), undefined);
    assert.equal(all.find('a.example.org', 'example.com'), one);
    assert.equal(all.find('a.example.org', 'example.se'), two);
    assert.equal(all.find('example.org', 'example.se'), rest);
    assert.equal(new Smarthosts([{ to: 'x.example', via: one }]).find('y.example'), undefined);
    assert.ok(!new Smarthosts([{ to: 'x.example', via: one }]).asksForSender);
  });

  it('mail for one domain goes different ways by who sends it', async () => {
    const [direct, relay] = [await startNextHop(), await startNextHop()];
    const queue = await openQueue({
      zone: zoneFor('example.org'),
      port: direct.port,
      smarthosts: new Smarthosts([{ from: 'example.com', to: 'example.org', via: at(relay.port) }]),
    });
    try {
      await queue.send(['bo@example.org']);
      await queue.send(['bo@example.org'], { sender: 'info@example.se' });
      await queue.empty();
      assert.deepEqual(
        relay.mails.map(({ from }) => from),
        ['anna@example.com'],
      );
      assert.deepEqual(
        direct.mails.map(({ from }) => from),
        ['info@example.se'],
      );
    } finally {
      await queue.close();
      await direct.close();
      await relay.close();
    }
  });
});
