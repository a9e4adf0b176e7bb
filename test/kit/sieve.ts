/** Scripts over small messages: what the tests of `src/sieve/` have in common. */

import type { Script } from '../../src/sieve/compile/script.ts';
import type { Effect, FileEffect } from '../../src/sieve/effects.ts';
import type { Environment } from '../../src/sieve/environment.ts';
import { LANGUAGE } from '../../src/sieve/extensions.ts';
import { messageOf } from '../../src/sieve/message/message.ts';
import { execute, type Outcome } from '../../src/sieve/run/interpreter.ts';
import { LIMITS, type Limits } from '../../src/sieve/run/limits.ts';
import { finish } from '../../src/sieve/run/steps.ts';
import { compileScript } from '../../src/sieve/sieve.ts';

/** RFC 5228 §A has its like: message A of the examples, a little longer. */
export const MESSAGE: string = [
  'Return-Path: <coyote@desert.example.org>',
  'Received: from mail.example.org (mail.example.org [192.0.2.1])',
  '\tby mx.example.com with ESMTP; Tue, 1 Apr 1997 09:06:40 -0800',
  'Date: Tue, 1 Apr 1997 09:06:31 -0800 (PST)',
  'From: coyote@desert.example.org',
  'To: roadrunner@acme.example.com',
  'Subject: I have a present for you',
  'Message-ID: <present@desert.example.org>',
  '',
  "Look, I'm sorry about the whole anvil thing, and I really",
  "didn't mean to try and drop it on you from the top of the",
  'cliff.',
  '',
].join('\r\n');

export interface Situation extends Partial<Omit<Environment, 'message' | 'mailboxes' | 'lists' | 'memory'>> {
  readonly mail?: string | Buffer;
  readonly mailboxes?: readonly string[];
  readonly ids?: Readonly<Record<string, string>>;
  readonly specialUses?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly lists?: Readonly<Record<string, readonly string[]>>;
  readonly seen?: readonly string[];
  readonly replied?: readonly string[];
  /** By location and name: `personal/x`. */
  readonly scripts?: Readonly<Record<string, string>>;
}

export function environmentOf(situation: Situation = {}): Environment {
  const { mail = MESSAGE, mailboxes = [], ids = {}, specialUses = {}, metadata = {}, lists = {} } = situation;
  const { seen = [], replied = [], scripts = {}, ...given } = situation;
  const message = messageOf(typeof mail === 'string' ? Buffer.from(mail) : mail);
  return {
    envelope: { from: 'coyote@desert.example.org', to: 'roadrunner+birds@acme.example.com' },
    addresses: ['roadrunner@acme.example.com'],
    detailSeparators: '+',
    nowMs: Date.UTC(2026, 4, 1, 12, 30, 45),
    zoneMinutes: 120,
    items: new Map(),
    verdict: {},
    ...given,
    message,
    mailboxes: {
      exists: (name) => mailboxes.includes(name),
      withId: (id) => ids[id],
      withSpecialUse: (use) => Object.keys(specialUses).find((name) => specialUses[name] === use),
      hasSpecialUse: (name, use) => specialUses[name] === use,
      metadata: (name, annotation) => metadata[`${name}:${annotation}`],
      serverMetadata: (annotation) => metadata[annotation],
    },
    lists: {
      exists: (name) => lists[name] !== undefined,
      contains: (name, value) => lists[name]?.includes(value) ?? false,
      members: (name) => lists[name],
    },
    memory: {
      hasSeen: (handle, id) => seen.includes(`${handle}:${id}`),
      hasReplied: ({ address }) => replied.includes(address),
    },
    include: (location, name): Script | undefined => {
      const text = scripts[`${location}/${name}`];
      return text === undefined ? undefined : compileScript(text, name);
    },
  };
}

export function run(
  script: string | readonly string[],
  situation: Situation = {},
  limits: Limits = LIMITS,
): Outcome {
  const scripts = (typeof script === 'string' ? [script] : script).map((text, i) =>
    compileScript(text, `${i}`),
  );
  return finish(execute(LANGUAGE, scripts, environmentOf(situation), limits));
}

/** In a line: `fileinto a (\Seen), redirect b@c, keep`; an implicit keep is `implicit keep`. */
export function done(script: string | readonly string[], situation: Situation = {}): string {
  const { effects, failures } = run(script, situation);
  return [
    ...effects.map(inWords),
    ...failures.map(({ reason, origin }) => `failed line ${origin.place.line}: ${reason}`),
  ].join(', ');
}

function inWords(effect: Effect): string {
  switch (effect.kind) {
    case 'keep':
    case 'fileinto':
      return filed(effect);
    case 'redirect':
      return `redirect ${effect.members === undefined ? '' : 'list '}${effect.address}`;
    case 'discard':
      return 'discard';
    case 'reject':
    case 'ereject':
      return `${effect.kind} ${effect.reason}`;
    case 'vacation':
      return `vacation ${effect.to}: ${effect.subject}`;
    case 'notify':
      return `notify ${effect.to.join(' ')}: ${effect.subject}`;
  }
}

function filed({ kind, isImplicit, target }: FileEffect): string {
  const { mailbox, flags, mayCreate, specialUse } = target;
  const name = kind === 'fileinto' ? `fileinto ${mailbox}` : isImplicit ? 'implicit keep' : 'keep';
  const how = `${mayCreate ? ' create' : ''}${specialUse === undefined ? '' : ` ${specialUse}`}`;
  return `${name}${how}${flags.length > 0 ? ` (${flags.join(' ')})` : ''}`;
}

/** Whether the test is true of the message. */
export function holds(test: string, situation: Situation = {}, requires = ''): boolean {
  const text = `${
    requires === ''
      ? ''
      : `require [${requires
          .split(' ')
          .map((one) => `"${one}"`)
          .join(', ')}];`
  } if ${test} { discard; }`;
  const outcome = done(text, situation);
  if (outcome !== 'discard' && outcome !== 'implicit keep') throw new Error(outcome);
  return outcome === 'discard';
}
