/**
 * Plays "From an empty machine" of docs/SENDING.md: the commands of the page, in its order, lead to a domain that sends to another server and
 * gets its answers. The world is small: a DNS server that publishes what the page's commands printed, Pebble as the authority for certificates, and
 * a mail server of example.org. What they see of the machine is an address of the loopback network, at the ports that the page names.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Answer } from 'dns-packet';
import { needs } from '../clients/program.ts';
import { record, startDns, type TestDns } from '../kit/dns.ts';
import { endLaunched, until } from '../kit/launch.ts';
import { LISTENERS } from '../kit/listeners.ts';
import { freeLoopback, MailHouse } from '../kit/mail-house.ts';
import { Pebble } from '../kit/pebble.ts';
import { readZone } from '../kit/zone-lines.ts';
import { PageMachine } from './page-machine.ts';

const SECTION = 'From an empty machine';
const PASSWORD = 'correct horse';
const found = await freeLoopback(2);
const [HERE = '', THERE = ''] = found ?? [];
/** Connections to the loopback network come from there. */
const SOURCE = '127.0.0.1';
const wanted = needs('pebble', 'curl');
const skip = wanted.skip ?? (found === undefined ? 'port 25 may not be listened on here' : undefined);

describe('docs/SENDING.md', { ...(skip === undefined ? {} : { skip }), timeout: 240_000 }, () => {
  const machine = new PageMachine('docs/SENDING.md');
  const zone: Answer[] = [];
  let dns: TestDns;
  let pebble: Pebble;
  let org: MailHouse;
  let env: Record<string, string>;

  before(async () => {
    dns = await startDns({
      ...{ zone, negativeSeconds: 1 },
      // Connections come from the machine's other address, at which nobody answers: Pebble, whose questions do not want to know
      // what was validated, need not try it.
      behaviour: ({ name, type, packet }) =>
        type === 'A' && !packet.flag_ad && name.endsWith('example.com')
          ? { answers: [record(name, 'A', HERE)] }
          : undefined,
    });
    pebble = await Pebble.open({ dns, ports: { http: 80, https: 443 } });
    org = await MailHouse.open({ domain: 'example.org', address: THERE, people: ['bo'], dns, zone });
    const authority = join(machine.home, 'authority.pem');
    writeFileSync(authority, await pebble.root());
    const resolved = [465, 993].map((port) => `resolve = "mail.example.com:${port}:${HERE}"`);
    writeFileSync(
      join(machine.home, '.curlrc'),
      [...resolved, `cacert = "${authority}"`, 'silent', ''].join('\n'),
    );
    env = {
      BREVDUVA_CONFIG: join(machine.folder, 'etc/brevduva/brevduva.toml'),
      BREVDUVA_DNS_SERVERS: `${dns.host}:${dns.port}`,
      BREVDUVA_QUEUE_ALLOW_PRIVATE: 'true',
      BREVDUVA_ACME_DIRECTORY: pebble.directory,
      BREVDUVA_ACME_CA_CERTIFICATE: pebble.certificate,
      NODE_EXTRA_CA_CERTS: authority,
    };
    machine.prepare();
  });
  after(async () => {
    endLaunched();
    await machine.stopService();
    machine.remove();
    await org?.close();
    await pebble?.close();
    await dns?.close();
  });

  /** Each port of the page at the machine's address; what else would listen does not. */
  function configuration(): string {
    const text = machine.moved(machine.linesOf(SECTION, 'configuration').join('\n'));
    const others = LISTENERS.filter((name) => !new RegExp(`^${name} =`, 'm').test(text));
    return text
      .replaceAll('"*:', `"${HERE}:`)
      .replace('[listen]', ['[listen]', ...others.map((name) => `${name} = ""`)].join('\n'));
  }

  test('leads from an empty machine to a domain that sends and receives', async () => {
    for (const line of machine.linesOf(SECTION, 'records'))
      zone.push(...[HERE, SOURCE].flatMap((address) => readZone(line.replace('203.0.113.9', address))));
    for (const address of [HERE, SOURCE]) zone.push(record(reverse(address), 'PTR', 'mail.example.com'));
    for (const command of machine.commandsOf(SECTION)) {
      // What it installs is linked.
      if (command.startsWith('npm ci')) continue;
      if (command.includes('imaps:')) await answered();
      const printed = await type(command);
      if (command.includes('mkdir /etc/brevduva'))
        writeFileSync(join(machine.folder, 'etc/brevduva/brevduva.toml'), configuration());
      if (command.includes('systemctl enable')) await until('the service', () => machine.readyLine());
      if (command.includes('domain add')) zone.push(...readZone(printed));
      if (command.includes('domain check')) {
        assert.equal(printed.match(/_domainkey.*it signs/g)?.length, 2, printed);
        assert.match(printed, /^ok +mta-sts: /m);
      }
      if (command.includes('imaps:')) assert.match(printed, /^Subject: Re: Hello\r$/m);
    }
  });

  async function type(command: string): Promise<string> {
    if (command.includes('account add')) return machine.playAsking(command, env);
    if (command.includes('doctor')) return examine(command);
    if (command.includes('domain check')) return again(command);
    return machine.play(command, { PASSWORD }, env);
  }

  /** Nothing is wrong but that this world is in one machine. */
  async function examine(command: string): Promise<string> {
    const run = machine.start(machine.moved(command), env);
    await run.ended();
    const failed = run.stdout.match(/^fail .*$/gm) ?? [];
    assert.equal(failed.length, 1, run.stdout);
    assert.match(failed[0] ?? '', /every device reaches itself/);
    assert.match(run.stdout, /^ok +certificate: mail\.example\.com: served by .*Pebble/m);
    return run.stdout;
  }

  /** Until nothing fails, as the page says. */
  async function again(command: string): Promise<string> {
    for (const endMs = performance.now() + 60_000; ; await pause(500)) {
      const run = machine.start(machine.moved(command), env);
      const { code } = await run.ended();
      if (code === 0) return run.stdout;
      assert.ok(performance.now() < endMs, `${run.stdout}\n${machine.said('stderr')}`);
    }
  }

  /** Bo has it, proven, and answers to where it is from. */
  async function answered(): Promise<void> {
    const got = await org.message('bo', /^Subject: Hello/m);
    assert.match(got, /dkim=pass/);
    assert.match(got, /spf=pass/);
    assert.match(got, /dmarc=pass/);
    await org.send('bo', { to: 'alice@example.com', subject: 'Re: Hello', text: 'It does.' });
    for (const endMs = performance.now() + 60_000; ; await pause(200)) {
      if ((await org.cli(['queue', 'list', '--json'])) === '') return;
      assert.ok(performance.now() < endMs, `${await org.cli(['queue', 'list'])}\n${machine.said('stderr')}`);
    }
  }
});

const reverse = (address: string): string => `${address.split('.').reverse().join('.')}.in-addr.arpa`;
