/** Something that is shown once, or has to be typed exactly: with a button that copies it. */
import { useSignal } from '@preact/signals';
import { useAdmin } from './context.tsx';

interface CopyButtonProps {
  readonly text: string;
  /** For whoever does not see what stands beside it. */
  readonly label?: string;
  /** The label stands on it. */
  readonly hasWords?: boolean;
}

export function CopyButton({ text, label, hasWords = false }: CopyButtonProps) {
  const { texts } = useAdmin();
  const copied = useSignal('');
  const isCopied = copied.value === text;
  return (
    <button
      type="button"
      class="button admin-copy"
      aria-label={isCopied ? texts.copied : label}
      onClick={() => {
        void navigator.clipboard?.writeText(text).then(() => {
          copied.value = text;
        });
      }}
    >
      {isCopied ? texts.copied : hasWords ? label : texts.copy}
    </button>
  );
}

/** A link that signs in once, as its person opens it. */
export function OnceLink({ token }: { readonly token: string }) {
  const { texts } = useAdmin();
  const link = `${location.origin}/sign-in?password#${token}`;
  return (
    <div class="settings-form admin-wide">
      <p class="admin-record" role="status">
        <span class="unseen">{texts.link.name}: </span>
        {link}
      </p>
      <p class="hint">{texts.link.means}</p>
      <CopyButton text={link} />
    </div>
  );
}
