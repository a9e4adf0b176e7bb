/** The files of a mail as tiles: pictures as pictures, others by what they are. What could do harm is asked about first. */
import { useState } from 'preact/hooks';
import { useApp, useTexts } from '../shell/app.ts';
import { Icon } from '../ui/icon.tsx';
import type { IconName } from '../ui/icons.ts';
import { type AttachedFile, isShownPicture } from './attached-files.ts';
import { Question } from './question.tsx';
import { useReading } from './reading-context.tsx';

const ICONS: Partial<Readonly<Record<AttachedFile['kind'], IconName>>> = { picture: 'image', mail: 'unread' };
/** Larger ones are fetched when they are wanted. */
const MAX_PREVIEW = 8 * 1024 * 1024;

export function Files({
  files,
  areDead,
}: {
  readonly files: readonly AttachedFile[];
  readonly areDead: boolean;
}) {
  const texts = useTexts().read;
  const [asked, ask] = useState<AttachedFile>();
  if (files.length === 0) return null;
  return (
    <section class="files" aria-label={texts.files(files.length)}>
      <ul>
        {files.map((file) => (
          <li key={file.blobId}>
            <Tile file={file} isDead={areDead} onDanger={() => ask(file)} />
          </li>
        ))}
      </ul>
      {asked && <Danger file={asked} onClose={() => ask(undefined)} />}
    </section>
  );
}

interface TileProps {
  readonly file: AttachedFile;
  readonly isDead: boolean;
  readonly onDanger: () => void;
}

function Tile({ file, isDead, onDanger }: TileProps) {
  const { formats } = useApp();
  const texts = useTexts().read;
  const reading = useReading();
  const name = file.name ?? texts.file;
  const size = formats.value.size(file.size);
  const url = reading.download({ ...file, name });
  const hasPreview = isShownPicture(file) && !file.isDangerous && file.size <= MAX_PREVIEW && !isDead;
  const inner = (
    <>
      <span class="tile-face">
        {hasPreview ? (
          <img src={url} alt="" loading="lazy" decoding="async" />
        ) : (
          <Icon name={file.isDangerous ? 'warning' : (ICONS[file.kind] ?? 'clip')} />
        )}
      </span>
      <span class="tile-words">
        <span class="tile-name" dir="auto">
          {name}
        </span>{' '}
        <span class="tile-size">{size}</span>
      </span>
    </>
  );
  if (isDead) return <span class="tile dead">{inner}</span>;
  if (file.isDangerous)
    return (
      <button type="button" class="tile" onClick={onDanger} aria-label={`${texts.download(name)} ${size}`}>
        {inner}
      </button>
    );
  const [way, does] = file.canBeShown
    ? [{ target: '_blank', rel: 'noopener noreferrer' }, texts.openFile(name)]
    : [{ download: name }, texts.download(name)];
  return (
    <a class="tile" href={url} {...way} aria-label={`${does} ${size}`}>
      {inner}
    </a>
  );
}

function Danger({ file, onClose }: { readonly file: AttachedFile; readonly onClose: () => void }) {
  const texts = useTexts().read;
  const reading = useReading();
  const name = file.name ?? texts.file;
  return (
    <Question
      title={texts.dangerTitle}
      means={texts.dangerMeans(name)}
      cancel={texts.cancel}
      onClose={onClose}
    >
      <a class="button danger" href={reading.download({ ...file, name })} download={name} onClick={onClose}>
        {texts.downloadAnyway}
      </a>
    </Question>
  );
}
