/**
 * `brevduva domain check`: whether the DNS says of a domain what it should, and what to do; ends with 1 when something fails. Keys
 * that wait for the DNS are looked at by the server as well.
 */
import type { Command } from 'commander';
import { domainsIn, overviewsOf } from '../doctor/known-domains.ts';
import { viewOf } from './doctor.ts';
import type { JsonOption } from './domain-records.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { showFindings } from './findings.ts';
import { configOf, withAdmin, withCommonOptions } from './options.ts';
import { print } from './terminal.ts';

export function domainCheck(parent: Command, done: (code: ExitCode) => void): void {
  const command = parent
    .command('check')
    .description('look whether the DNS says of a domain, or of all, what it should')
    .argument('[domain]')
    .option('--json', 'one JSON object');
  withCommonOptions(command).action(async (name: string | undefined, options: JsonOption) => {
    const { all: domains, overviews } = await withAdmin(options, async ({ domains, feedback }) => {
      const all = name === undefined ? await domains.listDomains() : [await domains.findDomain(name)];
      const added = all.filter(({ createdMs }) => createdMs !== undefined);
      const looked = await Promise.all(added.map((one) => domains.lookAtKeys(one.name)));
      return {
        all: all.map((one) => looked.find((other) => other.name === one.name) ?? one),
        overviews: await overviewsOf({ feedback }, all),
      };
    });
    const { config } = configOf(options, { isSilent: true });
    const { worldOf } = await import('../server/doctor-world.ts');
    const { examine } = await import('../doctor/examine.ts');
    const { DOMAIN_CHECKS } = await import('../doctor/checks.ts');
    const { worst } = await import('../doctor/finding.ts');
    const view = { version: '', server: await viewOf(config), domains: { ...domainsIn(domains), overviews } };
    const findings = await examine(worldOf(config, view), DOMAIN_CHECKS);
    const verdict = worst(findings.map((finding) => finding.verdict));
    if (options.json === true) print(JSON.stringify({ verdict, findings }));
    else showFindings(findings);
    done(verdict === 'fail' ? EXIT.failed : EXIT.ok);
  });
}
