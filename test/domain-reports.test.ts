/** A report that somebody sends about a domain here is mail like any other, and an administrator finds its sum (RFC 7489, RFC 8460). */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { LineClient } from './kit/line-client.ts';
import { startServer } from './kit/server.ts';

const XML = `<?xml version="1.0"?><feedback><report_metadata><org_name>receiver.example</org_name><report_id>7</report_id>
<date_range><begin>${Math.floor(Date.now() / 1000) - 90_000}</begin><end>${Math.floor(Date.now() / 1000) - 3600}</end></date_range>
</report_metadata><policy_published><domain>DOMAIN</domain><p>none</p></policy_published>
<record><row><source_ip>192.0.2.7</source_ip><count>12</count><policy_evaluated><disposition>none</disposition><dkim>fail</dkim><spf>fail</spf>
</policy_evaluated></row><identifiers><header_from>DOMAIN</header_from></identifiers><auth_results/></record></feedback>`;

function message(domain: string): string {
  const body = gzipSync(XML.replaceAll('DOMAIN', domain)).toString('base64').replace(/.{76}/g, '$&\r\n');
  return `From: reports@receiver.example\r\nTo: anna@example.com\r\nSubject: Report Domain: ${domain}\r\nContent-Type: application/gzip; name="r!d!1!2.xml.gz"\r\nContent-Transfer-Encoding: base64\r\n\r\n${body}\r\n`;
}

it('reports of others are summed for the domains that are here', { timeout: 120_000 }, async () => {
  const server = await startServer({ config: { 'auth.default_domain': 'example.com' } });
  try {
    await server.cli(['account', 'add', 'anna@example.com', '--password-stdin'], 'secret\n');
    const client = await LineClient.connect(server.port('lmtp'));
    await client.codes(1);
    client.send('LHLO receiver.example\r\n');
    await client.codes(1);
    for (const domain of ['example.com', 'example.com', 'elsewhere.example']) {
      client.send('MAIL FROM:<reports@receiver.example>\r\nRCPT TO:<anna@example.com>\r\nDATA\r\n');
      assert.equal((await client.codes(3)).at(-1), '354');
      client.send(message(domain), '.\r\n');
      assert.deepEqual(await client.codes(1), ['250 2.0.0']);
    }
    client.socket.destroy();
    for (const untilMs = performance.now() + 20_000; ; await pause(50)) {
      const { stdout } = await server.cli(['domain', 'reports', '--json']);
      const { mail } = JSON.parse(stdout) as { mail: { reports: number; messages: number } };
      if (mail.reports > 0) {
        assert.deepEqual([mail.reports, mail.messages], [1, 12], 'the same report counts once');
        break;
      }
      assert.ok(performance.now() < untilMs, stdout);
    }
    const { stdout, code } = await server.cli(['domain', 'reports', 'example.com', '--days', '7']);
    assert.equal(code, 0);
    assert.match(stdout, /example\.com: 12 messages, reported by receiver\.example/);
    assert.match(stdout, /192\.0\.2\.7: 12 of 12, not signed/);
    assert.match(stdout, /Nobody has reported about TLS/);
    assert.notEqual((await server.cli(['domain', 'reports', 'elsewhere.example'])).code, 0);
  } finally {
    await server.stop();
  }
});
