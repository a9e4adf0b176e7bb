/** Notifications (RFC 5435), by mail (RFC 5436), and copies of what is sent (RFC 8580). */
import type { Extension } from '../compile/language.ts';
import type { NotifyEffect } from '../effects.ts';
import { matchAny } from '../matching/match.ts';
import { fieldText, oneLine, rawFields, readAddress, wholeAddress } from '../message/fields.ts';
import { RunFault } from '../run/budget.ts';
import type { Run } from '../run/run.ts';
import { cut } from '../run/scope.ts';
import type { Steps } from '../run/steps.ts';
import { fileCopyOf } from '../run/target.ts';
import { type MailtoUri, readMailto } from './mailto.ts';
import { checkCopy } from './vacation.ts';

const MAX_BODY = 64 * 1024;

export const ENOTIFY: Extension = {
  rfc: 5435,
  capabilities: ['enotify'],
  commands: [
    {
      name: 'notify',
      capabilities: ['enotify'],
      values: ['string'],
      classes: ['filing', 'fcc'],
      check(checking, { tags, values: [method] }) {
        if (typeof method === 'string' && readMailto(method) === undefined)
          checking.fail(`"${method.slice(0, 100)}" is no notification this server can send: mailto:address`);
        const { importance } = tags;
        if (typeof importance === 'string' && !/^[123]$/.test(importance))
          checking.fail('":importance" is "1", "2" or "3"');
        checkCopy(checking, tags);
      },
      *run(run, node): Steps<void> {
        const { tags, values } = node;
        const method = run.text(values[0]);
        const mailto = readMailto(method);
        if (mailto === undefined)
          throw new RunFault(`"${method.slice(0, 100)}" is no notification this server can send`);
        // RFC 5436 §2.7.1: two servers would notify each other for ever.
        if (isNotification(run)) {
          run.note('no notification is sent of a notification');
          return;
        }
        const message = tags.message === undefined ? undefined : run.text(tags.message);
        const importance = tags.importance === undefined ? '2' : run.text(tags.importance);
        if (!/^[123]$/.test(importance)) throw new RunFault('":importance" is "1", "2" or "3"');
        run.actions.add({
          kind: 'notify',
          method,
          ...contentOf(run, mailto, message),
          from: tags.from === undefined ? undefined : ownAddress(run, run.text(tags.from)),
          importance: Number(importance) as NotifyEffect['importance'],
          fileCopy: yield* fileCopyOf(run, node),
          origin: run.origin,
        });
      },
    },
  ],
  tests: [
    {
      name: 'valid_notify_method',
      capabilities: ['enotify'],
      values: ['strings'],
      run: (run, { values }) => run.texts(values[0]).every((method) => readMailto(method) !== undefined),
    },
    {
      name: 'notify_method_capability',
      capabilities: ['enotify'],
      values: ['string', 'string', 'strings'],
      classes: ['match'],
      *run(run, node): Steps<boolean> {
        const [method, capability, keys] = node.values;
        const isKnown = readMailto(run.text(method)) !== undefined && /^online$/i.test(run.text(capability));
        // Nobody knows whether somebody reads mail at this moment (RFC 5436 §2.3).
        return isKnown && (yield* matchAny(run, node, ['maybe'], run.texts(keys)));
      },
    },
  ],
  tags: [
    { name: 'from', of: ['notify'], value: 'string' },
    { name: 'importance', of: ['notify'], value: 'string' },
    { name: 'options', of: ['notify'], value: 'strings' },
    { name: 'message', of: ['notify'], value: 'string' },
  ],
};

export const FCC: Extension = {
  rfc: 8580,
  capabilities: ['fcc'],
  tags: [{ name: 'fcc', of: ['fcc'], capabilities: ['fcc'], value: 'string' }],
};

function isNotification({ message }: Run): boolean {
  return rawFields(message.header, 'auto-submitted').some((raw) => /^auto-notified\b/i.test(fieldText(raw)));
}

/** RFC 5436 §2.7: what `:message` says, else the URI, else the message itself. */
function contentOf(
  { message: { header } }: Run,
  { to, cc, subject, body, fields }: MailtoUri,
  said: string | undefined,
): Pick<NotifyEffect, 'to' | 'cc' | 'subject' | 'body' | 'fields'> {
  const own = (name: string): string => {
    const raw = header.find(name);
    return raw === undefined ? '' : fieldText(raw);
  };
  const about = `From: ${own('from')}\r\nSubject: ${own('subject')}\r\n`;
  return {
    to,
    cc,
    subject: oneLine(said ?? subject ?? own('subject')),
    body: cut(body ?? (said === undefined ? about : `${said}\r\n\r\n${about}`), MAX_BODY),
    fields,
  };
}

function ownAddress(run: Run, text: string): string | undefined {
  const address = readAddress(text);
  if (address !== undefined && run.environment.addresses.includes(wholeAddress(address).toLowerCase()))
    return oneLine(text);
  run.note(`"${text.slice(0, 100)}" is not the owner's; the notification comes from the owner's own address`);
  return undefined;
}
