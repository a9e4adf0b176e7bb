import { defineExtension } from '../extension.ts';

/**
 * UIDONLY (RFC 9586): no message numbers, in neither direction. What it changes stands where it is written (`updates.ts`, `fetch/run.ts`) and
 * where it is read (`dialogue.ts`). Only where the configuration says so: Outlook enables it and then asks by numbers. Not with a
 * mailbox open, whose numbers the client has been told (RFC 5161 §3.1 leaves ENABLE there to servers).
 */
export const uidOnly = defineExtension({
  rfc: 'RFC 9586 UIDONLY',
  capabilities: ({ settings }) => (settings.offersUidOnly ? ['UIDONLY'] : []),
  enables: {
    UIDONLY({ session }) {
      session.modes.uidOnly = true;
    },
  },
  mayEnable: ({ session, state }) => session.settings.offersUidOnly && state.kind !== 'selected',
});
