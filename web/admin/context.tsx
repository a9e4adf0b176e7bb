/** What every part of the administration can reach: the counter that asks the server, and its texts. */
import { useSignal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext, useEffect, useRef } from 'preact/hooks';
import { useApp } from '../shell/app.ts';
import type { AdminTexts } from '../text/en/admin.ts';
import type { Answer, Counter, Fault } from './counter.ts';

export interface AdminDesk {
  readonly counter: Counter;
  readonly texts: AdminTexts;
}

export const AdminContext = createContext<AdminDesk | undefined>(undefined);

export function useAdmin(): AdminDesk {
  const desk = useContext(AdminContext);
  if (desk === undefined) throw new Error('nobody administers here');
  return desk;
}

export interface Asked<T> {
  readonly value: T | undefined;
  readonly fault: Fault | undefined;
  /** Asks anew; what is there stays until the answer is. */
  readonly again: () => Promise<void>;
}

/** Asked when it is first shown, and when the question is another; a late answer to the one before is dropped. */
export function useAsked<T>(what: string, body: object = {}): Asked<T> {
  const { counter } = useAdmin();
  const value = useSignal<T | undefined>(undefined);
  const fault = useSignal<Fault | undefined>(undefined);
  const turn = useRef(0);
  const question = JSON.stringify(body);
  const again = async (): Promise<void> => {
    const mine = ++turn.current;
    const answer: Answer<T> = await counter.ask<T>(what, body);
    if (mine !== turn.current) return;
    fault.value = answer.fault;
    if (answer.fault === undefined) value.value = answer.value;
  };
  useEffect(() => {
    void again();
    return () => void turn.current++;
  }, [what, question]);
  return { value: value.value, fault: fault.value, again };
}

/** Does something and says at the bottom what went wrong; true when nothing did. */
export function useDo(): <T>(what: string, body: object, then?: (value: T) => void) => Promise<boolean> {
  const { counter, texts } = useAdmin();
  const { notices } = useApp();
  return async <T,>(what: string, body: object, then?: (value: T) => void) => {
    const answer = await counter.ask<T>(what, body);
    if (answer.fault !== undefined) {
      notices.show({ text: wordsFor(answer.fault, texts), isWrong: true });
      return false;
    }
    then?.(answer.value);
    return true;
  };
}

export function wordsFor({ code, why }: Fault, texts: AdminTexts): string {
  const known = texts.faults[code] ?? texts.faults.failed ?? '';
  return why === undefined ? known : `${known} (${why})`;
}

export function FaultLine({ fault }: { readonly fault: Fault | undefined }) {
  const { texts } = useAdmin();
  if (fault === undefined) return null;
  return (
    <p class="notice wrong" role="alert">
      {texts.faults[fault.code] ?? texts.faults.failed}{' '}
      {fault.why === undefined ? null : <span lang="en">{fault.why}</span>}
    </p>
  );
}
