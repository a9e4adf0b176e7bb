/** Whom a mail is from and to, and what it is about. Copies are asked for when they are wanted. */
import { useSignal } from '@preact/signals';
import { useTexts } from '../shell/app.ts';
import { PeopleField } from './people-field.tsx';
import type { WritingSession } from './writing-session.ts';

export function Fields({
  session,
  wantsFocus,
}: {
  readonly session: WritingSession;
  readonly wantsFocus: boolean;
}) {
  const texts = useTexts().write;
  const { keeper, identities, suggest } = session;
  const draft = keeper.draft.value;
  const isWide = useSignal(draft.cc.length > 0 || draft.bcc.length > 0);
  return (
    <div class="writer-fields">
      {identities.length > 1 && (
        <label class="field-line">
          <span>{texts.from}</span>
          <select
            value={draft.from?.email}
            onChange={(event) => {
              const chosen = identities.find(({ email }) => email === event.currentTarget.value);
              if (chosen !== undefined) session.writeAs(chosen);
            }}
          >
            {identities.map(({ id, name, email }) => (
              <option key={id} value={email}>
                {name ? `${name} <${email}>` : email}
              </option>
            ))}
          </select>
        </label>
      )}
      <div class="field-row">
        <PeopleField
          label={texts.to}
          people={draft.to}
          onChange={(to) => keeper.change({ to })}
          suggest={suggest}
          wantsFocus={wantsFocus}
        />
        {!isWide.value && (
          <button type="button" class="button quiet add-cc" onClick={() => (isWide.value = true)}>
            {texts.addCc}
          </button>
        )}
      </div>
      {isWide.value && (
        <>
          <PeopleField
            label={texts.cc}
            people={draft.cc}
            onChange={(cc) => keeper.change({ cc })}
            suggest={suggest}
          />
          <PeopleField
            label={texts.bcc}
            people={draft.bcc}
            onChange={(bcc) => keeper.change({ bcc })}
            suggest={suggest}
          />
        </>
      )}
      <label class="field-line">
        <span>{texts.subject}</span>
        <input
          type="text"
          dir="auto"
          value={draft.subject}
          onInput={(event) => keeper.change({ subject: event.currentTarget.value })}
        />
      </label>
    </div>
  );
}
