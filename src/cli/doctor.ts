/**
 * `brevduva doctor`: whether this server is set up so that mail programs find it and trust it, and mail comes in; line by line
 * what was seen, what was expected and what to do. Ends with 1 when something fails; a warning is none, nor is what cannot be
 * seen from inside. Nobody outside is asked but the DNS.
 */
import { domainToASCII } from 'node:url';
import type { Command } from 'commander';
import { isUnused } from '../admin/data-owner.ts';
import type { Config } from '../config/options.ts';
import { domainsIn, overviewsOf } from '../doctor/known-domains.ts';
import type { Domains, ServerView } from '../doctor/world.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { showFindings } from './findings.ts';
import { type CommonOptions, configOf, withCommonOptions } from './options.ts';
import { runningServer } from './running-server.ts';
import { print } from './terminal.ts';

interface DoctorOptions extends CommonOptions {
  readonly domain?: string;
  readonly json?: boolean;
}

export function doctor(parent: Command, done: (code: ExitCode) => void, version: string): void {
  const command = parent
    .command('doctor')
    .description('look at this machine, the ports, the certificate and the DNS as mail programs see them')
    .option('--domain <domain>', 'this domain alone, instead of all that have mail here')
    .option('--json', 'one JSON object');
  withCommonOptions(command).action(async (options: DoctorOptions) => {
    const domain = options.domain === undefined ? undefined : domainNamed(options.domain);
    const { config } = configOf(options, { isSilent: options.json === true });
    const server = await viewOf(config);
    const all = await domainsOf(config, server);
    const domains = domain === undefined ? all : onlyOne(domain, all);
    const { worldOf } = await import('../server/doctor-world.ts');
    const { examine } = await import('../doctor/examine.ts');
    const { worst } = await import('../doctor/finding.ts');
    const findings = await examine(worldOf(config, { version, server, domains }));
    const verdict = worst(findings.map((finding) => finding.verdict));
    if (options.json === true) print(JSON.stringify({ verdict, findings }));
    else showFindings(findings);
    done(verdict === 'fail' ? EXIT.failed : EXIT.ok);
  });
}

function domainNamed(text: string): string {
  const domain = domainToASCII(text.replace(/\.$/, ''));
  if (/^[^\s@]{1,253}$/.test(domain)) return domain;
  throw new UsageError(`"${text}" is no domain; expected one such as example.com`);
}

/** It need not be one of ours. */
function onlyOne(domain: string, all: Domains): Domains {
  return all.kind === 'known' ? { ...all, names: [domain] } : { kind: 'known', names: [domain] };
}

export async function viewOf(config: Config): Promise<ServerView> {
  try {
    const server = await runningServer(config);
    if (server === undefined) return { kind: 'absent' };
    try {
      const listeners = await server.listListeners().catch(() => undefined);
      return { kind: 'running', facts: server.server, health: await server.health(), listeners };
    } finally {
      await server.close();
    }
  } catch (error) {
    return { kind: 'hidden', why: (error as Error).message };
  }
}

/** All that have mail here, through the running server or without one; before there are any, the one that completes their names. */
async function domainsOf(config: Config, server: ServerView): Promise<Domains> {
  const { defaultDomain } = config.auth;
  const names = defaultDomain === 'localhost' ? [] : [defaultDomain];
  // Opening the store would make it, with settings that may not be the last word.
  if (server.kind === 'absent' && isUnused(config.data)) return { kind: 'known', names };
  const found = await domainsHere(config);
  return found.kind === 'known' && found.names.length === 0 ? { kind: 'known', names } : found;
}

async function domainsHere(config: Config): Promise<Domains> {
  const { openAdmin } = await import('./open-admin.ts');
  try {
    const admin = await openAdmin(config, {});
    try {
      const all = await admin.domains.listDomains();
      return { ...domainsIn(all), overviews: await overviewsOf(admin, all) };
    } finally {
      await admin.close();
    }
  } catch (error) {
    return { kind: 'hidden', why: (error as Error).message };
  }
}
