/** Hands what the reader needs down to each of its parts. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Reading } from './reading.ts';

export const ReadingContext = createContext<Reading | undefined>(undefined);

export function useReading(): Reading {
  const reading = useContext(ReadingContext);
  if (reading === undefined) throw new Error('nothing to read with around this');
  return reading;
}
