/**
 * The administration as the browser's page reaches it in this process. What speaks for the whole server is here, or it is asked by way of the
 * control socket, as the command line does it: there is one way to administer a server, and this is its third user.
 */
import type { Admin, DomainSummary, ServerFacts, Watch } from '../admin/admin.ts';
import { ControlClient, isLost } from '../admin/control-client.ts';
import { controlSocketPath } from '../admin/socket-path.ts';
import { GateFull, Semaphore } from '../base/gate.ts';
import type { Config } from '../config/options.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { TlsFiles } from '../net/tls.ts';
import type { Administration, DomainReport, Office } from '../web/admin/services.ts';
import { certificatesHere } from './certificates-here.ts';

export interface AdministrationOptions {
  readonly config: Config;
  readonly tls: TlsFiles;
  readonly facts: ServerFacts;
  readonly watch: Watch;
  /** Of the whole server; absent in a process that does not speak for it. */
  readonly admin?: Admin | undefined;
}

/** Each asks the DNS some fifty questions. */
const REPORTS_AT_ONCE = 2;
const MOST_WAITING = 8;

export function administrationOf(
  options: AdministrationOptions,
): Administration & { close(): Promise<void> } {
  const { admin, facts, watch, config, tls } = options;
  const here: Office | undefined = admin && { admin, facts, health: () => watch.health() };
  const elsewhere = new OfficeElsewhere(config.data);
  const office = async (): Promise<Office> => here ?? elsewhere.office();
  const gate = new Semaphore(REPORTS_AT_ONCE, MOST_WAITING);
  return {
    ...{ office, isLost },
    certificates: () => certificatesHere(config.data, tls),
    async report(name) {
      try {
        return await gate.run(async () => reportOf(options, (await office()).admin, name));
      } catch (error) {
        if (!(error instanceof GateFull)) throw error;
        throw new MailboxError('throttled', 'many domains are being looked at; try again in a moment');
      }
    },
    close: () => elsewhere.close(),
  };
}

/** As `domain check` says it; keys that wait for the DNS are looked at by the server as well. */
async function reportOf(
  { config, facts, watch }: AdministrationOptions,
  admin: Admin,
  name: string,
): Promise<DomainReport> {
  const found = await admin.domains.findDomain(name);
  const domain: DomainSummary =
    found.createdMs === undefined ? found : await admin.domains.lookAtKeys(found.name);
  const [{ worldOf }, { examine }, { DOMAIN_CHECKS }, { wantedRecords }, known] = await Promise.all([
    import('./doctor-world.ts'),
    import('../doctor/examine.ts'),
    import('../doctor/checks.ts'),
    import('../doctor/wanted-records.ts'),
    import('../doctor/known-domains.ts'),
  ]);
  const { version } = facts;
  const server = {
    ...{ kind: 'running' as const, facts, health: { state: 'ok' as const, checks: [] } },
    listeners: watch.listeners(),
  };
  const domains = { ...known.domainsIn([domain]), overviews: await known.overviewsOf(admin, [domain]) };
  const world = worldOf(config, { version, server, domains });
  const [findings, records] = await Promise.all([examine(world, DOMAIN_CHECKS), wantedRecords(world)]);
  return { domain, findings, records };
}

/** Kept as long as it answers; one that is gone is looked for anew with the next request. */
class OfficeElsewhere {
  readonly #data: string;
  #client: Promise<ControlClient | undefined> | undefined;

  constructor(data: string) {
    this.#data = data;
  }

  async office(): Promise<Office> {
    this.#client ??= ControlClient.connect(controlSocketPath(this.#data)).catch(() => undefined);
    const client = await this.#client;
    if (client !== undefined) return { admin: client, facts: client.server, health: () => client.health() };
    this.#client = undefined;
    throw new MailboxError(
      'unavailable',
      'what speaks for the server cannot be reached at this moment; try again',
    );
  }

  async close(): Promise<void> {
    await (await this.#client)?.close();
  }
}
