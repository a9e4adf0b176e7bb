/** Where a link of a mail leads that is not what it seems: the target, whole, with what is odd about it, before anybody goes there. */
import { useTexts } from '../shell/app.ts';
import type { Texts } from '../text/en.ts';
import { Icon } from '../ui/icon.tsx';
import { Mark } from '../ui/mark.tsx';
import { leavingOf } from './lead-to.ts';
import type { LinkDoubt } from './link-doubts.ts';

export function Leave() {
  const texts = useTexts().read.leave;
  const leaving = leavingOf(location.hash);
  if (leaving === undefined)
    return (
      <main class="leave">
        <Mark size={48} />
        <p>{texts.nothing}</p>
      </main>
    );
  const { link, doubts } = leaving;
  const at = link.target.indexOf(link.host);
  return (
    <main class="leave">
      <Mark size={48} />
      <h1>{texts.title}</h1>
      <ul class="doubts">
        {doubts.map((doubt) => (
          <li key={doubt}>
            <Icon name="warning" />
            <span>{doubtText(doubt, texts)}</span>
          </li>
        ))}
      </ul>
      <p>{texts.leadsTo}</p>
      <p class="leave-target" dir="ltr">
        {at < 0 ? (
          link.target
        ) : (
          <>
            {link.target.slice(0, at)}
            <strong>{link.host}</strong>
            {link.target.slice(at + link.host.length)}
          </>
        )}
      </p>
      <div class="leave-buttons">
        <button type="button" class="button primary" onClick={() => window.close()}>
          {texts.stay}
        </button>
        <a class="button" href={link.target} rel="noopener noreferrer">
          {texts.go}
        </a>
      </div>
    </main>
  );
}

function doubtText(doubt: LinkDoubt, texts: Texts['read']['leave']): string {
  switch (doubt) {
    case 'other-host':
      return texts.otherHost;
    case 'user-part':
      return texts.userPart;
    case 'lookalike':
      return texts.lookalike;
    case 'address-in-digits':
      return texts.digits;
  }
}
