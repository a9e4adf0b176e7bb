/**
 * What Outlook asks for: Autodiscover as "plain old XML" ([MS-OXDSCLI]) for an account of IMAP, POP3 and SMTP, and the JSON that leads
 * to it. Of what it sends one element is read; a document type, entities, CDATA are not.
 */
import { type HttpReply, type HttpRequest, type Route, text } from '../http/exchange.ts';
import { type ClientService, domainOf, plainAddress, type SetupSettings } from './services.ts';
import { element } from './xml.ts';

const MAX_BODY_BYTES = 64 * 1024;
const REQUEST = '/autodiscover/autodiscover.xml';
const JSON_PATH = '/autodiscover/autodiscover.json';
const OUTER = 'http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006';
const INNER = 'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a';

export function autodiscoverRoutes(settings: SetupSettings): readonly Route[] {
  return [
    {
      ...{ method: 'POST', path: REQUEST, isCaseless: true, maxBodyBytes: MAX_BODY_BYTES },
      answer: (request) => answerXml(settings, request),
    },
    // Over plain HTTP it asks where else to look, and sends nothing (§3.1.5.3).
    { method: 'GET', path: REQUEST, isCaseless: true, answer: (request) => elsewhere(settings, request) },
    {
      method: 'GET',
      path: `${JSON_PATH}*`,
      isCaseless: true,
      answer: (request) => answerJson(settings, request),
    },
  ];
}

async function answerXml(settings: SetupSettings, { host, body }: HttpRequest): Promise<HttpReply> {
  const asked = readRequest(body.toString('utf8'));
  if (asked === undefined) return xml(fault(600, 'Invalid Request'));
  if (asked.schema !== undefined && asked.schema !== INNER)
    return xml(fault(601, 'Provider is not available'));
  const domain = await domainOf(settings, { host, address: asked.address });
  if (domain === undefined) return text(404, 'This server has no mail of that domain.\n');
  return xml(account(asked.address, settings.hostname, settings.services()));
}

export interface Asked {
  readonly address: string;
  readonly schema?: string;
}

/** Undefined for what names no address, or is more than plain elements. */
export function readRequest(body: string): Asked | undefined {
  if (body.includes('<!')) return undefined;
  const address = plainAddress(contentOf(body, 'EMailAddress'));
  const schema = contentOf(body, 'AcceptableResponseSchema');
  if (address === undefined) return undefined;
  return { address, ...(schema === undefined ? {} : { schema }) };
}

function contentOf(body: string, name: string): string | undefined {
  const found = new RegExp(`<(?:\\w{1,20}:)?${name}(?:\\s[^<>]{0,500})?>([^<>]{0,500})<`).exec(body)?.[1];
  return found?.replace(/&(?:amp|#38);/g, '&').trim();
}

export function account(address: string, hostname: string, services: readonly ClientService[]): string {
  const settings = element('Account', [
    element('AccountType', 'email'),
    element('Action', 'settings'),
    ...services.map((service) => protocol(service, address, hostname)),
  ]);
  return document([element('Response', [settings], { xmlns: INNER })]);
}

const TYPES = { imap: 'IMAP', pop3: 'POP3', submission: 'SMTP' } as const;

function protocol({ kind, port, security }: ClientService, address: string, hostname: string): string {
  const isOutgoing = kind === 'submission';
  return element('Protocol', [
    element('Type', TYPES[kind]),
    element('Server', hostname),
    element('Port', String(port)),
    element('DomainRequired', 'off'),
    element('LoginName', address),
    element('SPA', 'off'),
    element('SSL', security === 'tls' ? 'on' : 'off'),
    element('Encryption', security === 'tls' ? 'SSL' : 'TLS'),
    element('AuthRequired', 'on'),
    ...(isOutgoing ? [element('UsePOPAuth', 'on'), element('SMTPLast', 'off')] : []),
  ]);
}

function fault(code: number, message: string): string {
  const error = element('Error', [element('ErrorCode', String(code)), element('Message', message)]);
  return document([element('Response', [error])]);
}

function document(content: readonly string[]): string {
  return `<?xml version="1.0" encoding="utf-8"?>\n${element('Autodiscover', content, { xmlns: OUTER })}\n`;
}

function xml(body: string): HttpReply {
  return { status: 200, headers: { 'content-type': 'text/xml; charset=utf-8' }, body };
}

function elsewhere(settings: SetupSettings, { isSecure }: HttpRequest): HttpReply {
  const location = locationOf(settings);
  if (isSecure || location === undefined)
    return { ...text(405, 'Allowed: POST\n'), headers: { allow: 'POST' } };
  return { status: 302, headers: { location } };
}

async function answerJson(settings: SetupSettings, { host, path, query }: HttpRequest): Promise<HttpReply> {
  const [, address = query.get('Email') ?? query.get('email')] = /\/v1\.0\/([^/]+)$/i.exec(path) ?? [];
  const named = plainAddress(decoded(address));
  const domain = await domainOf(settings, { host, address: named });
  const location = locationOf(settings);
  const protocol = query.get('Protocol') ?? query.get('protocol') ?? '';
  if (domain === undefined || location === undefined)
    return json(404, {
      ErrorCode: 'ProtocolNotSupported',
      ErrorMessage: 'Nothing is known of that domain here.',
    });
  if (!/^AutodiscoverV1$/i.test(protocol)) {
    const words = "The given protocol value is invalid. Supported values are 'AutodiscoverV1'.";
    return json(400, { ErrorCode: 'InvalidProtocol', ErrorMessage: words });
  }
  return json(200, { Protocol: 'AutodiscoverV1', Url: location });
}

function locationOf({ hostname, httpsPort }: SetupSettings): string | undefined {
  const port = httpsPort();
  if (port === undefined) return undefined;
  return `https://${hostname}${port === 443 ? '' : `:${port}`}${REQUEST}`;
}

function decoded(text: string | null): string | undefined {
  try {
    return text === null ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function json(status: number, value: object): HttpReply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(value),
  };
}
