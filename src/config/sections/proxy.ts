/** Options of proxies in front of the ports that pass whole connections on. */
import { networks, string } from '../option.ts';

const LISTENER = 'imaps?|pop3s?|managesieve|submissions?|lmtp|smtp|https?';

export const PROXY = {
  from: networks({
    doc: 'Proxies (HAProxy, nginx) that begin each connection with a header of the PROXY protocol, version 1 or 2, and so say whose it is: "127.0.0.1, 10.0.0.0/8". Limits, the log and the checks of mail then see that client. Nobody else is believed; on the listeners that are named in `proxy.listeners` these have to say it.',
  }),
  listeners: string({
    default: '',
    pattern: new RegExp(`^(?:\\s*(?:${LISTENER})\\s*(?:,|\\s|$))*$`),
    expected: 'names of listeners such as "imaps, smtp"',
    doc: 'The listeners that proxies connect to, by the names they have under [listen]: "imaps, submissions, smtp". Who connects there from another address than `proxy.from` is taken for who he is.',
  }),
} as const;
