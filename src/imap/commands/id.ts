import { ANY_STATE, defineCommand } from '../command.ts';
import { ok } from '../replies.ts';
import { idParams } from '../wire/account-args.ts';
import { end } from '../wire/grammar.ts';

/** What the log keeps of a client's ID: enough to see which program misbehaves, and no environment or address. */
const LOGGED = ['name', 'version', 'vendor', 'os', 'os-version'] as const;
const MAX_LOGGED = 100;

/** ID (RFC 2971). The server's answer does not depend on what the client said of itself. */
export const id = defineCommand({
  name: 'ID',
  states: ANY_STATE,
  parse(c) {
    const params = idParams(c);
    end(c);
    return params;
  },
  run({ session }, params) {
    const client: Record<string, string> = {};
    for (const field of LOGGED) {
      const value = params.get(field);
      if (value !== undefined) client[field] = value.slice(0, MAX_LOGGED);
    }
    if (params.size > 0) {
      session.log.info({ client }, 'client identified itself');
      session.presence.identified(
        [client.name, client.version].filter((part) => part !== undefined).join(' '),
      );
    }
    session.out.ascii('* ID ("name" "Brevduva" "version" ').string(session.settings.version).close().crlf();
    return ok('ID completed');
  },
});
