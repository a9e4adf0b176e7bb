/**
 * The list of what is registered. One line each; the order is that of CAPABILITY.
 */
import { Registry } from './registry.ts';

export function makeRegistry(): Registry {
  return new Registry([]);
}
