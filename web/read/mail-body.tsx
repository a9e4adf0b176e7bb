/** What a mail says: each of its bodies in turn, what is not shown of it and why, and its files. */
import { useMemo, useState } from 'preact/hooks';
import { useTexts } from '../shell/app.ts';
import { Icon } from '../ui/icon.tsx';
import { attachedFiles } from './attached-files.ts';
import { Files } from './files.tsx';
import { type BodyPart, type BodyPiece, bodyOf, type FullEmail } from './full-email.ts';
import { MailFrame } from './mail-frame.tsx';
import { nameOf } from './people.ts';
import { allow, isAllowed, pictureUrls, shownIds } from './pictures.ts';
import { PlainText } from './plain-text.tsx';
import { useReading } from './reading-context.tsx';
import type { Trust } from './trust.ts';

export interface MailBodyProps {
  readonly email: FullEmail;
  readonly trust: Trust;
  /** It is known to cheat: nothing in it leads anywhere. */
  readonly isDead: boolean;
  readonly wantsText: boolean;
}

export function MailBody({ email, trust, isDead, wantsText }: MailBodyProps) {
  const texts = useTexts().read;
  const reading = useReading();
  const [hidden, setHidden] = useState(0);
  const [isTooLarge, setTooLarge] = useState(false);
  const [isLight, setLight] = useState(false);
  const { pictures, download, always, show } = usePictures(email, trust, isDead);
  const pieces = bodyOf(email, wantsText || isTooLarge);
  const isHtml = pieces.some(({ kind }) => kind === 'html');
  const files = useMemo(() => attachedFiles(email.attachments, idsIn(bodyOf(email))), [email]);
  return (
    <div class="mail-body">
      {isTooLarge && <p class="notice">{texts.tooLarge}</p>}
      {isHtml && hidden > 0 && !isDead && <HiddenPictures count={hidden} always={always} onShow={show} />}
      {pieces.map((piece, i) => (
        <Piece
          key={i}
          {...{ piece, isDead, pictures, download }}
          isDark={reading.isDark.value && !isLight}
          title={texts.mailTitle(email.from?.[0] ? nameOf(email.from[0]) : texts.nobody)}
          onHidden={setHidden}
          onTooLarge={() => setTooLarge(true)}
        />
      ))}
      {pieces.length === 0 && files.length === 0 && <p class="notice">{texts.emptyMail}</p>}
      {pieces.some((piece) => piece.kind !== 'picture' && piece.isCut) && (
        <p class="notice">
          {texts.isCut}{' '}
          <a
            href={reading.download({ blobId: email.blobId, name: 'mail.eml', type: 'message/rfc822' })}
            download="mail.eml"
          >
            {texts.downloadAll}
          </a>
        </p>
      )}
      {isHtml && reading.isDark.value && (
        <button type="button" class="as-made" onClick={() => setLight(!isLight)} aria-pressed={isLight}>
          <Icon name="scheme" />
          {isLight ? texts.showDark : texts.showAsMade}
        </button>
      )}
      <Files files={files} areDead={isDead} />
    </div>
  );
}

/** What is shown of its pictures: those that came along, and the others when they are wanted, now or always. */
function usePictures(email: FullEmail, trust: Trust, isDead: boolean) {
  const reading = useReading();
  const sender = email.from?.[0]?.email ?? '';
  const [isShown, setShown] = useState(false);
  // "Always" is for whoever can prove to be it.
  const isProven = trust.kind === 'verified' || trust.kind === 'own';
  const isAlways = isProven && isAllowed(reading.picturesFrom.value, sender);
  const wantsRemote = !isDead && (isShown || isAlways);
  const parts = useMemo(() => [...email.attachments, ...email.htmlBody], [email]);
  const download = (part: BodyPart): string =>
    reading.download({ blobId: part.blobId ?? '', name: part.name ?? 'picture', type: part.type });
  const pictures = useMemo(
    () => pictureUrls({ email: email.id, parts, download, wantsRemote, fetch: reading.fetch }),
    [email.id, parts, wantsRemote],
  );
  const keep = (): void => reading.keepPicturesFrom(allow(reading.picturesFrom.peek(), sender));
  return { pictures, download, show: () => setShown(true), always: isProven ? { sender, keep } : undefined };
}

function idsIn(pieces: readonly BodyPiece[]): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const piece of pieces) {
    if (piece.kind === 'html') for (const id of shownIds(piece.html)) ids.add(id);
    if (piece.kind === 'picture' && piece.part.cid !== null) ids.add(piece.part.cid);
  }
  return ids;
}

interface PieceProps {
  readonly piece: BodyPiece;
  readonly isDead: boolean;
  readonly isDark: boolean;
  readonly title: string;
  readonly pictures: ReturnType<typeof pictureUrls>;
  readonly download: (part: BodyPart) => string;
  readonly onHidden: (count: number) => void;
  readonly onTooLarge: () => void;
}

function Piece({ piece, isDead, isDark, title, pictures, download, onHidden, onTooLarge }: PieceProps) {
  switch (piece.kind) {
    case 'html':
      return (
        <MailFrame
          html={piece.html}
          areLinksDead={isDead}
          {...{ title, isDark, pictures, onHidden, onTooLarge }}
        />
      );
    case 'text':
      return <PlainText text={piece.text} format={piece} areLinksDead={isDead} />;
    case 'picture':
      return <img class="body-picture" src={download(piece.part)} alt={piece.part.name ?? ''} />;
  }
}

interface HiddenProps {
  readonly count: number;
  /** Whose pictures could be shown from now on; undefined: nobody knows who it is. */
  readonly always: { readonly sender: string; readonly keep: () => void } | undefined;
  readonly onShow: () => void;
}

function HiddenPictures({ count, always, onShow }: HiddenProps) {
  const texts = useTexts().read.pictures;
  return (
    <div class="hidden-pictures">
      <Icon name="image" />
      <p>
        {texts.hidden(count)} <small>{texts.why}</small>
      </p>
      <div>
        <button type="button" class="button quiet" onClick={onShow}>
          {texts.show}
        </button>
        {always !== undefined && (
          <button type="button" class="button quiet" onClick={always.keep}>
            {texts.always(always.sender)}
          </button>
        )}
      </div>
    </div>
  );
}
