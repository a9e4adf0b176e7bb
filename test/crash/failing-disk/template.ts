/** The data folder in which a disk fails: one account with forty messages in INBOX, subjects m1 to m40. */
import { ImapClient } from '../../imap-client.ts';
import { startTestImap } from '../../kit/imap.ts';
import { addAccounts, PASSWORD } from '../data-folder.ts';

export const ANN = 'ann@example.com';

export async function makeTemplate(data: string): Promise<void> {
  await addAccounts(data, [ANN]);
  const imap = await startTestImap({ data });
  (await ImapClient.signIn(imap.port, ANN, PASSWORD)).close();
  for (let n = 1; n <= 40; n++) {
    await imap.addMessage(ANN, 'INBOX', { bytes: `Subject: m${n}\r\n\r\nmessage ${n}\r\n` });
  }
  await imap.close();
}
