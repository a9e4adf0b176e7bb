/** A question that is asked before something is done; the browser's own dialog, which keeps the focus and closes with Escape. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

export interface QuestionProps {
  readonly title: string;
  readonly means: string;
  readonly cancel: string;
  readonly onClose: () => void;
  /** What is chosen from, above the buttons. */
  readonly choice?: ComponentChildren;
  /** The button that does it. */
  readonly children: ComponentChildren;
}

export function Question({ title, means, cancel, onClose, choice, children }: QuestionProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="question" aria-labelledby={id} onClose={onClose}>
      <h2 id={id}>{title}</h2>
      {means !== '' && <p dir="auto">{means}</p>}
      {choice}
      <div class="question-buttons">
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          {cancel}
        </button>
        {children}
      </div>
    </dialog>
  );
}
