/**
 * Dovecot's `dovecot-uidlist` beside a Maildir: under which name its POP3 server told programs of each message. Programs
 * that leave mail on the server know it by that name, and fetch everything again when it changes.
 *
 *     3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1
 *     25006 :1276528487.M364837P9451.kurkku,S=1355,W=1394
 *     25017 W2481 Pold-server-17 :1276533073.M242911P3632.kurkku,S=1438
 *
 * The header has the UIDVALIDITY behind V; a line has the UID, facts of a letter each, and the file without its flags.
 * `P` is a name that was itself brought along; without it Dovecot makes one (`pop3_uidl_format`, by default UID and
 * UIDVALIDITY in hexadecimal, eight digits each).
 */
export const UID_LIST_FILE = 'dovecot-uidlist';

/** Names by file, without flags. Empty when the file is of no version we know. */
export function parseUidList(text: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const [head = '', ...lines] = text.split('\n');
  const validity = /^3 (?:\S+ )*?V(\d{1,10})(?: |$)/.exec(head)?.[1];
  if (validity === undefined) return names;
  for (const line of lines) {
    const at = line.indexOf(' :');
    const [uid = '', ...facts] = line.slice(0, Math.max(at, 0)).split(' ');
    if (at < 0 || !/^\d{1,10}$/.test(uid)) continue;
    const given = facts.find((fact) => fact.startsWith('P'))?.slice(1);
    names.set(line.slice(at + 2), given || hex(uid) + hex(validity));
  }
  return names;
}

function hex(digits: string): string {
  return Number(digits).toString(16).padStart(8, '0');
}
