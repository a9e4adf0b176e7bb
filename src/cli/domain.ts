/** `brevduva domain`: domains whose mail comes here. */
import type { Command } from 'commander';
import { domainAdd } from './domain-add.ts';
import { domainCheck } from './domain-check.ts';
import { domainList } from './domain-list.ts';
import { domainQuota } from './domain-quota.ts';
import { domainRecords } from './domain-records.ts';
import { domainRemove } from './domain-remove.ts';
import { domainReports } from './domain-reports.ts';
import { domainRotate } from './domain-rotate.ts';
import type { ExitCode } from './exit.ts';

export function domain(program: Command, done: (code: ExitCode) => void): void {
  const group = program.command('domain').description('domains whose mail comes here, and their records');
  for (const verb of [
    domainAdd,
    domainList,
    domainQuota,
    domainRecords,
    domainCheck,
    domainReports,
    domainRotate,
    domainRemove,
  ]) {
    verb(group, done);
  }
}
