/**
 * An ID of the full size that RFC 2971 §3.3 allows, before anybody has signed in, in each form a string can have.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ImapClient } from '../../../test/imap-client.ts';
import { startTestImap, type TestImap } from '../../../test/kit/imap.ts';

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
const literal = (text: string): string => `{${text.length}+}\r\n${text}`;

const FORMS: readonly (readonly [what: string, write: (text: string) => string, octet: string])[] = [
  ['quoted', quoted, 'x'],
  ['quoted, a backslash before every octet', quoted, '"'],
  ['literals', literal, 'x'],
];

describe('ID before login', () => {
  let server: TestImap;
  before(async () => {
    server = await startTestImap();
  });
  after(() => server.close());

  for (const [what, write, octet] of FORMS) {
    it(`of 30 fields of 30 and values of 1,024 octets, ${what}`, async () => {
      const client = await ImapClient.connect(server.port);
      await client.greeting();
      const pairs = Array.from({ length: 30 }, (_, i) => {
        return `${write(String(i).padEnd(30, octet))} ${write(octet.repeat(1024))}`;
      });
      const { untagged } = await client.ok(`ID (${pairs.join(' ')})`);
      assert.match(untagged.join(), /^ID \("name" "Brevduva"/);
      client.close();
    });
  }
});
