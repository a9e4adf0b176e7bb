/** The recovery codes, which are shown once: to be copied, printed or written down. */
import { useSignal } from '@preact/signals';
import { useSecurityTexts } from './security-texts.ts';

interface RecoveryCodesProps {
  readonly codes: readonly string[];
  readonly onKept: () => void;
}

export function RecoveryCodes({ codes, onKept }: RecoveryCodesProps) {
  const texts = useSecurityTexts();
  const isCopied = useSignal(false);
  return (
    <div class="settings-form">
      <p class="hint">{texts.keepMeans}</p>
      <ol class="recovery-codes">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ol>
      <div class="settings-buttons">
        <button
          type="button"
          class="button"
          onClick={() => {
            void navigator.clipboard?.writeText(codes.join('\n')).then(() => {
              isCopied.value = true;
            });
          }}
        >
          {isCopied.value ? texts.copied : texts.copy}
        </button>
        <button type="button" class="button" onClick={() => window.print()}>
          {texts.print}
        </button>
        <button type="button" class="button primary" onClick={onKept}>
          {texts.kept}
        </button>
      </div>
    </div>
  );
}
