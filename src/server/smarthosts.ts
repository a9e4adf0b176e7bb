/** The servers that take our mail (`queue/smarthosts.ts`), from the options and from the file that `queue.routes` names. */
import { readFileSync, statSync } from 'node:fs';
import { domainToASCII } from 'node:url';
import { parse } from 'smol-toml';
import { z } from 'zod';
import { Secret } from '../base/secret.ts';
import type { Config } from '../config/options.ts';
import { type Smarthost, type SmarthostRule, Smarthosts } from '../queue/smarthosts.ts';

/** RFC 8314 §3.3: this port has TLS from the first octet. */
const SUBMISSIONS_PORT = 465;
const SUBMISSION_PORT = 587;
const MAX_RULES = 10_000;

const domain = z.string().regex(/^(?:\*\.)?[^\s@*]{1,253}$/);
const FileSchema = z.strictObject({
  route: z
    .array(
      z.strictObject({
        from: domain.optional(),
        to: domain.optional(),
        via: z.string().min(1).max(300),
        user: z.string().max(300).default(''),
        password: z.string().max(1000).optional(),
        tls: z.enum(['verified', 'encrypted', 'opportunistic']).default('verified'),
      }),
    )
    .max(MAX_RULES)
    .default([]),
});

/** Throws, with the name of the option, for what makes no sense. */
export function smarthostsOf({ queue }: Pick<Config, 'queue'>): Smarthosts {
  const { smarthost, smarthostUser: user, smarthostPassword, smarthostTls: tls, routes } = queue;
  const fallback =
    smarthost === ''
      ? undefined
      : smarthostAt('queue.smarthost', smarthost, { tls, user, password: smarthostPassword });
  return new Smarthosts(routes === undefined ? [] : rulesIn(routes), fallback);
}

function rulesIn(path: string): readonly SmarthostRule[] {
  const name = `queue.routes: ${path}`;
  let read: unknown;
  try {
    if ((statSync(path).mode & 0o007) !== 0)
      throw new Error('everybody on this machine may read it, and it can hold passwords; chmod 600 it');
    read = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message.split('\n', 1)[0]}`);
  }
  const checked = FileSchema.safeParse(read);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw new Error(`${name}: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  return checked.data.route.map(({ from, to, via, user, password, tls }, i) => {
    const terms = { tls, user, password: password === undefined ? undefined : new Secret(password) };
    return {
      ...(from === undefined ? {} : { from: inAscii(from) }),
      ...(to === undefined ? {} : { to: inAscii(to) }),
      via: via === 'mx' ? 'mx' : smarthostAt(`${name}: route ${i + 1}`, via, terms),
    };
  });
}

interface Terms {
  readonly tls: Smarthost['tls'];
  readonly user: string;
  readonly password: Secret | undefined;
}

/** `mail.example.net:587`, `[2001:db8::1]:25`. */
function smarthostAt(option: string, text: string, { tls, user, password }: Terms): Smarthost {
  const [, inBrackets, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const name = inBrackets ?? plain;
  const port = Number(digits ?? SUBMISSION_PORT);
  if (name === undefined || port < 1 || port > 65_535)
    throw new Error(`${option}: "${text}" is not a server; it looks like mail.example.net:587`);
  const signIn = user === '' || password === undefined ? {} : { signIn: { user, password } };
  return { name, port, tls, isImplicitTls: port === SUBMISSIONS_PORT, ...signIn };
}

/** As queue rules compare domains; what the DNS cannot have is let be. */
function inAscii(pattern: string): string {
  const below = pattern.startsWith('*.') ? '*.' : '';
  const name = pattern.slice(below.length);
  return below + (domainToASCII(name) || name).toLowerCase();
}
