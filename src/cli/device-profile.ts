/** A profile that sets up an Apple device, from the ports that the server has and signed with what it serves. */
import type { Secret } from '../base/secret.ts';
import { viewOf } from './doctor.ts';
import { UsageError } from './exit.ts';
import { type CommonOptions, configOf } from './options.ts';
import { note } from './terminal.ts';

export interface DrawnProfile {
  /** What its password has to be good for. */
  readonly services: readonly string[];
  make(address: string, password: Secret): Promise<Buffer | string>;
}

/** Throws `UsageError` where nobody could use one. */
export async function profileFor(options: CommonOptions): Promise<DrawnProfile> {
  if (process.stdout.isTTY)
    throw new UsageError('a profile is no text: send it into a file, as in "--profile > phone.mobileconfig"');
  const { config } = configOf(options, { isSilent: true });
  const { listeningPorts } = await import('../doctor/ports.ts');
  const { servicesOf } = await import('../setup/services.ts');
  const { mobileconfig, signed, usedBy } = await import('../setup/mobileconfig.ts');
  const { servedPair } = await import('../server/certificate.ts');
  const services = servicesOf(
    listeningPorts(config, await viewOf(config)).map(({ name, host, port }) => {
      const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
      return { name, address };
    }),
  );
  const used = usedBy(services);
  if (used === undefined)
    throw new UsageError(
      'a device needs a port to read and one to send: see listen.imaps and listen.submissions',
    );
  return {
    services: used,
    async make(address, password) {
      const profile = mobileconfig({ address, hostname: config.hostname, services, password }) ?? '';
      const pair = await servedPair(config);
      if (pair !== undefined) return signed(profile, pair);
      note('the key of the server cannot be read, so the profile is not signed; the device says so');
      return profile;
    },
  };
}
