/** The files of a draft: those that are there, and those on their way with how far they are. */
import { useApp, useTexts } from '../shell/app.ts';
import { Icon } from '../ui/icon.tsx';
import type { DraftFile } from './draft.ts';
import type { Upload, Uploads } from './uploads.ts';

export interface DraftFilesProps {
  readonly files: readonly DraftFile[];
  readonly uploads: Uploads;
  readonly onRemove: (file: DraftFile) => void;
}

export function DraftFiles({ files, uploads, onRemove }: DraftFilesProps) {
  const texts = useTexts().write;
  const { formats } = useApp();
  const shown = files.filter(({ cid }) => cid === null);
  const running = uploads.running.value;
  if (shown.length === 0 && running.length === 0) return null;
  return (
    <ul class="draft-files">
      {shown.map((file) => (
        <li key={file.blobId}>
          <Icon name="clip" />
          <span class="tile-name" dir="auto">
            {file.name}
          </span>
          <span class="tile-size">{formats.value.size(file.size)}</span>
          <button
            type="button"
            class="icon-button"
            aria-label={texts.removeFile(file.name)}
            onClick={() => onRemove(file)}
          >
            <Icon name="close" />
          </button>
        </li>
      ))}
      {running.map((upload) => (
        <Running key={upload.key} upload={upload} maxSize={uploads.maxSize} />
      ))}
    </ul>
  );
}

function Running({ upload, maxSize }: { readonly upload: Upload; readonly maxSize: number }) {
  const texts = useTexts().write;
  const { formats } = useApp();
  const state = upload.state.value;
  const percent = Math.floor(upload.progress.value * 100);
  const words = {
    running: `${percent} %`,
    failed: texts.failed,
    tooLarge: texts.tooLargeFile(formats.value.size(maxSize)),
    noRoom: texts.noRoom,
    full: texts.full,
  };
  return (
    <li class={state === 'running' ? 'running' : 'wrong'}>
      <Icon name={state === 'running' ? 'clip' : 'warning'} />
      <span class="tile-name" dir="auto">
        {upload.name}
      </span>
      <span class="tile-size">{words[state]}</span>
      {state === 'running' && (
        <progress max={100} value={percent} aria-label={texts.uploading(upload.name, percent)} />
      )}
      {(state === 'failed' || state === 'full' || state === 'noRoom') && (
        <button type="button" class="icon-button" aria-label={texts.again} onClick={() => upload.again()}>
          <Icon name="refresh" />
        </button>
      )}
      <button
        type="button"
        class="icon-button"
        aria-label={texts.stop(upload.name)}
        onClick={() => upload.stop()}
      >
        <Icon name="close" />
      </button>
    </li>
  );
}
