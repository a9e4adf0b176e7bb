/** What can be said of the sender, in words with an icon: how sure it is, and what looks odd. */
import { useTexts } from '../shell/app.ts';
import type { Texts } from '../text/en.ts';
import { Icon } from '../ui/icon.tsx';
import type { IconName } from '../ui/icons.ts';
import { nameOf } from './people.ts';
import type { SenderDoubt, Trust } from './trust.ts';

const ICONS: Readonly<Record<Trust['kind'], IconName>> = {
  own: 'check',
  verified: 'shield',
  'signed-by-other': 'info',
  failed: 'warning',
  unverified: 'info',
  unchecked: 'info',
};

export function TrustWord({ trust }: { readonly trust: Trust }) {
  const texts = useTexts().read.trust;
  // Of a mail that was never looked at there is nothing to say.
  if (trust.kind === 'unchecked') return null;
  return (
    <span class={`trust ${trust.kind}`}>
      <Icon name={ICONS[trust.kind]} />
      {wordOf(trust, texts)}
    </span>
  );
}

export function FirstContactWord() {
  return (
    <span class="trust">
      <Icon name="person" />
      {useTexts().read.trust.first}
    </span>
  );
}

function wordOf(trust: Trust, texts: Texts['read']['trust']): string {
  switch (trust.kind) {
    case 'verified':
      return texts.verified(trust.domain);
    case 'signed-by-other':
      return texts.signedByOther(trust.domain);
    default:
      return texts[trust.kind];
  }
}

export function Doubts({ doubts }: { readonly doubts: readonly SenderDoubt[] }) {
  const texts = useTexts().read.doubts;
  if (doubts.length === 0) return null;
  return (
    <ul class="doubts">
      {doubts.map((doubt) => (
        <li key={doubt.kind}>
          <Icon name="warning" />
          <span dir="auto">{doubtText(doubt, texts)}</span>
        </li>
      ))}
    </ul>
  );
}

function doubtText(doubt: SenderDoubt, texts: Texts['read']['doubts']): string {
  switch (doubt.kind) {
    case 'phishing':
      return texts.phishing;
    case 'name-has-other-address':
      return texts.nameHasOtherAddress(doubt.address);
    case 'reply-goes-elsewhere':
      return texts.replyElsewhere(doubt.address);
    case 'mixed-letters':
      return texts.mixedLetters(doubt.domain);
    case 'namesake':
      return texts.namesake(nameOf({ name: doubt.name, email: doubt.address }), doubt.address);
    case 'first-and-failed':
      return texts.firstAndFailed;
  }
}
