/**
 * The parts of the page that are loaded when they are first needed.
 * `Reader` shows a conversation on the reading pane, `Writer` a mail that is being written.
 */
import type { ComponentType } from 'preact';
import type { ReaderProps } from '../read/reader.tsx';
import type { Id } from '../sync/model.ts';

export interface WriterProps {
  /** An email with `$draft` to go on with. */
  readonly draft: Id | undefined;
  /** As they stand in the address: `?to=...`, `?reply=<email>`. */
  readonly parameters: string;
  /** At the foot of a conversation, what takes it away from there; left out where it has the page for itself. */
  readonly onClose?: () => void;
}

export const READER: { readonly load: () => Promise<{ readonly Reader: ComponentType<ReaderProps> }> } = {
  load: () => import('../read/reader.tsx'),
};

export const WRITER: { readonly load: () => Promise<{ readonly Writer: ComponentType<WriterProps> }> } = {
  load: () => import('../write/writer.tsx'),
};
