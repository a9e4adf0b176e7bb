/** The header of a mail, whole: everybody with name and address, and the time to the minute. */
import { useApp, useTexts } from '../shell/app.ts';
import type { FullEmail } from './full-email.ts';
import { wholeOf } from './people.ts';
import type { Person } from './trust.ts';

export function MailFields({ email }: { readonly email: FullEmail }) {
  const texts = useTexts().read;
  const { formats } = useApp();
  const people: readonly (readonly [string, readonly Person[] | null])[] = [
    [texts.from, email.from],
    [texts.toField, email.to],
    [texts.cc, email.cc],
    [texts.bcc, email.bcc],
    [texts.replyTo, email.replyTo],
  ];
  return (
    <dl class="mail-fields">
      {people.map(([name, all]) =>
        all === null || all.length === 0 ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {all.map((person, i) => (
                <span key={i} dir="auto">
                  {wholeOf(person)}
                </span>
              ))}
            </dd>
          </div>
        ),
      )}
      <div>
        <dt>{texts.subject}</dt>
        <dd dir="auto">{email.subject || texts.noSubject}</dd>
      </div>
      <div>
        <dt>{texts.date}</dt>
        <dd>{formats.value.fullTime(email.sentAt ?? email.receivedAt)}</dd>
      </div>
    </dl>
  );
}
