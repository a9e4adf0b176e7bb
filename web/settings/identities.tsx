/** As whom one writes: the name that others see and the signature, of each address that is one's own. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import type { Identity } from '../sync/identities.ts';
import { htmlText } from '../write/html-text.ts';

export function IdentitiesPage() {
  const desk = useDesk();
  const { settings: texts } = useTexts();
  const all = useSignal<readonly Identity[] | undefined>(undefined);
  useEffect(() => {
    void desk.identities().then((found) => {
      all.value = found;
    });
  }, [desk]);
  if (all.value === undefined) return null;
  if (all.value.length === 0) return <p class="hint">{texts.noIdentities}</p>;
  return (
    <>
      {all.value.map((one) => (
        <OneIdentity key={one.id} identity={one} />
      ))}
    </>
  );
}

function OneIdentity({ identity }: { readonly identity: Identity }) {
  const desk = useDesk();
  const { notices } = useApp();
  const { settings: texts } = useTexts();
  const isUnderWay = useSignal(false);
  // Another program may have made it with form; what is changed here has none.
  const signature = identity.textSignature || htmlText(identity.htmlSignature);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const text = String(fields.get('signature')).replaceAll('\r\n', '\n').trimEnd();
    const update = {
      name: String(fields.get('name')).trim(),
      ...(text !== signature && { textSignature: text, htmlSignature: '' }),
    };
    isUnderWay.value = true;
    const isSaved = await desk.saveIdentity(identity.id, update);
    isUnderWay.value = false;
    notices.show({ text: isSaved ? texts.saved : texts.notSaved, isWrong: !isSaved });
  };
  return (
    <form class="settings-form" onSubmit={submit} aria-label={identity.email}>
      <h2 dir="ltr">{identity.email}</h2>
      <label class="field">
        <span>{texts.ownName}</span>
        <input
          class="input"
          name="name"
          dir="auto"
          maxLength={200}
          autocomplete="name"
          defaultValue={identity.name}
        />
      </label>
      <label class="field">
        <span>{texts.signature}</span>
        <textarea
          class="input"
          name="signature"
          dir="auto"
          rows={4}
          maxLength={10_000}
          defaultValue={signature}
        />
      </label>
      <button type="submit" class="button primary" disabled={isUnderWay.value}>
        {texts.save}
      </button>
    </form>
  );
}
