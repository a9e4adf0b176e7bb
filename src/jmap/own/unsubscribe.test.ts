/** Leaving a list over real sockets: a server on this machine stands for the one that keeps the list. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startTestJmap, type TestJmap } from '../../../test/kit/jmap.ts';
import { Outward } from '../../http/outward.ts';
import { selfSignedFiles } from '../../net/self-signed.ts';
import { Vapid } from '../push/vapid.ts';

const HOST = 'lists.example.com';
const PROMISE = 'List-Unsubscribe-Post: List-Unsubscribe=One-Click';

describe('Email/unsubscribe', () => {
  let jmap: TestJmap;
  let lists: Server;
  let port: number;
  const heard: {
    readonly path: string;
    readonly method: string;
    readonly body: string;
    readonly fields: string;
  }[] = [];
  before(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lists-'));
    const files = await selfSignedFiles(folder, HOST);
    const [cert, key] = await Promise.all([
      readFile(files.certificatePath, 'utf8'),
      readFile(files.keyPath, 'utf8'),
    ]);
    lists = createServer({ key, cert }, async (request, response) => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      const { url = '', method = '', headers } = request;
      heard.push({
        ...{ path: url, method, body: Buffer.concat(pieces).toString() },
        fields: Object.keys(headers).sort().join(' '),
      });
      if (url === '/sent-on') response.writeHead(302, { location: '/elsewhere' }).end();
      else response.writeHead(url === '/broken' ? 500 : 202).end();
    }).listen(0, '127.0.0.1');
    await once(lists, 'listening');
    ({ port } = lists.address() as AddressInfo);
    const outward = new Outward({
      ca: cert,
      resolve: async (name) => [{ address: name === HOST ? '127.0.0.1' : '10.0.0.1', family: 4 }],
      mayReach: (address) => address === '127.0.0.1',
    });
    const vapid = Vapid.open(join(folder, 'web-push.key'), 'https://mail.example.com/');
    jmap = await startTestJmap({ jmap: { push: { outward, vapid } } });
    await rm(folder, { recursive: true });
  });
  after(async () => {
    await jmap.close();
    lists.closeAllConnections();
    lists.close();
  });

  async function mailWith(...fields: readonly string[]): Promise<string> {
    const message = [...fields, 'From: news@example.com', 'Subject: Beans', '', 'Sow.', ''].join('\r\n');
    const path = `/jmap/upload/${jmap.alice.accountId}`;
    const headers = { 'content-type': 'message/rfc822' };
    const reply = await jmap.alice.fetch(path, { method: 'POST', headers, body: message });
    const { blobId } = (await reply.json()) as { readonly blobId: string };
    const { list } = await jmap.alice.call('Mailbox/get', { ids: null });
    const { created } = await jmap.alice.call('Email/import', {
      emails: { a: { blobId, mailboxIds: { [list[0].id]: true } } },
    });
    return created.a.id;
  }

  const leave = async (id: string): Promise<string | null> => {
    const { error } = await jmap.alice.call('Email/unsubscribe', { id });
    return error === null ? null : error.type;
  };
  const at = (path: string): string =>
    `List-Unsubscribe: <mailto:a@example.com>, <https://${HOST}:${port}${path}>`;

  test('one request says it, with nothing of the reader in it', async () => {
    assert.equal(await leave(await mailWith(at('/leave?x=1'), PROMISE)), null);
    const [said] = heard;
    assert.deepEqual(
      [said?.method, said?.path, said?.body],
      ['POST', '/leave?x=1', 'List-Unsubscribe=One-Click'],
    );
    assert.equal(said?.fields, 'accept-encoding connection content-length content-type host user-agent');
  });

  test('nothing is asked without the promise, twice named, in the clear, or inside', async () => {
    const before = heard.length;
    const none: Record<string, readonly string[]> = {
      'no promise': [at('/x')],
      'no address': [PROMISE],
      'another promise': [at('/x'), 'List-Unsubscribe-Post: Everything=Yes'],
      'two fields': [at('/x'), at('/y'), PROMISE],
      'in the clear': [`List-Unsubscribe: <http://${HOST}:${port}/x>`, PROMISE],
    };
    for (const [name, fields] of Object.entries(none))
      assert.equal(await leave(await mailWith(...fields)), 'notOneClick', name);
    for (const host of ['inside.example.com', '127.0.0.2', '[::1]', '10.0.0.1'])
      assert.equal(
        await leave(await mailWith(`List-Unsubscribe: <https://${host}:${port}/x>`, PROMISE)),
        'unsubscribeUnreachable',
        host,
      );
    assert.equal(await leave('e999'), 'notFound');
    assert.equal(heard.length, before);
  });

  test('what the list says no to is no; it is not followed elsewhere', async () => {
    const before = heard.length;
    assert.equal(await leave(await mailWith(at('/broken'), PROMISE)), 'unsubscribeRefused');
    assert.equal(await leave(await mailWith(at('/sent-on'), PROMISE)), 'unsubscribeRefused');
    assert.equal(heard.length, before + 2);
  });

  test('nobody has this server ask without end', async () => {
    const id = await mailWith(at('/again'), PROMISE);
    let last: string | null = null;
    for (let n = 0; n < 60 && last === null; n++) last = await leave(id);
    assert.equal(last, 'rateLimit');
    const ben = await jmap.addAccount('ben@example.com', 'secret');
    const { error } = await ben.call('Email/unsubscribe', { id });
    assert.equal(error.type, 'notFound', 'another one’s mail is nobody’s');
  });
});
