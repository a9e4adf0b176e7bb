/** A mail as it came, octet for octet as far as text shows it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { useTexts } from '../shell/app.ts';
import type { FullEmail } from './full-email.ts';
import { useReading } from './reading-context.tsx';

/** As much as somebody reads; the rest is in the file. */
const MAX_SHOWN = 300_000;

export function Source({ email, onClose }: { readonly email: FullEmail; readonly onClose: () => void }) {
  const texts = useTexts().read;
  const reading = useReading();
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState<string>();
  const url = reading.download({ blobId: email.blobId, name: 'mail.eml', type: 'message/rfc822' });
  useEffect(() => {
    dialog.current?.showModal();
    void sourceOf(url, reading.fetch).then((found) => setText(found ?? texts.unreachable));
  }, []);
  return (
    <dialog ref={dialog} class="source" aria-label={texts.source} onClose={onClose}>
      <div class="source-head">
        <h2>{texts.source}</h2>
        <a class="button quiet" href={url} download="mail.eml">
          {texts.downloadAll}
        </a>
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          {texts.cancel}
        </button>
      </div>
      <textarea readOnly spellcheck={false} aria-label={texts.source} value={text ?? texts.loading} />
    </dialog>
  );
}

async function sourceOf(url: string, ask: typeof fetch): Promise<string | undefined> {
  try {
    const response = await ask(url, { credentials: 'same-origin' });
    if (!response.ok) return undefined;
    return (await response.text()).slice(0, MAX_SHOWN);
  } catch {
    return undefined;
  }
}
