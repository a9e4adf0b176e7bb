/**
 * Telephones that are told of new mail: registered, told anew, let go. One that comes when there are too many takes the place of the one of
 * the same person that was not heard of for longest.
 */
import type { Domain } from '../domain.ts';
import {
  DEVICE_LIMITS,
  type Device,
  type DeviceValue,
  devicesIn,
  deviceTraces,
  isSameDevice,
  writeDevice,
} from '../model/devices.ts';
import type { AccountState } from '../state/account.ts';
import { loadBelongings } from '../state/belongings.ts';

type DeviceDomain = Pick<Domain, 'store' | 'turns' | 'clock'>;

/** So much later it may end, and it is not worth writing down. */
const SAME_MS = 86_400_000;

/**
 * In the place of what this telephone has said before; without wishes it is told of nothing here any more. False when the account has
 * too many telephones of others: then it is as it was.
 */
export async function registerDevice(
  domain: DeviceDomain,
  account: AccountState,
  wanted: DeviceValue,
): Promise<boolean> {
  await loadBelongings(domain, account);
  const nowMs = domain.clock.nowMs();
  const before = devicesIn(account.belongings).find(({ value }) => isSameDevice(value, wanted));
  if (before === undefined ? wanted.wishes.length === 0 : saysTheSame(before.value, wanted)) return true;
  return domain.turns.run({
    account,
    run: (change) => {
      change.belongings.forget(deviceTraces(account.belongings));
      const all = devicesIn(account.belongings);
      const same = all.find(({ value }) => isSameDevice(value, wanted));
      for (const { id, value } of all)
        if (value.expiresMs <= nowMs && id !== same?.id) change.belongings.drop(id);
      if (wanted.wishes.length === 0) {
        if (same !== undefined) change.belongings.drop(same.id);
        return true;
      }
      if (same !== undefined) {
        change.belongings.replace(same.id, writeDevice(wanted));
        return true;
      }
      const alive = all.filter(({ value }) => value.expiresMs > nowMs);
      const isOwn = wanted.reader === account.id;
      const ofOthers = alive.filter(({ value }) => value.reader !== account.id).length;
      const ofReader = alive.filter(({ value }) => value.reader === wanted.reader);
      const tooMany = ofReader.length + 1 - (isOwn ? DEVICE_LIMITS.own : DEVICE_LIMITS.ofReader);
      if (!isOwn && tooMany <= 0 && ofOthers >= DEVICE_LIMITS.ofOthers) return false;
      for (const { id } of oldestOf(ofReader, tooMany)) change.belongings.drop(id);
      change.belongings.add('device', writeDevice(wanted));
      return true;
    },
  });
}

/** Those of them that are still there. */
export async function dropDevices(
  domain: DeviceDomain,
  account: AccountState,
  ids: readonly number[],
): Promise<void> {
  await domain.turns.run({
    account,
    run: (change) => {
      change.belongings.forget(deviceTraces(account.belongings));
      for (const id of ids) if (account.belongings?.get(id)?.value !== undefined) change.belongings.drop(id);
    },
  });
}

function saysTheSame(before: DeviceValue, wanted: DeviceValue): boolean {
  const { expiresMs: _, ...said } = before;
  const { expiresMs: __, ...says } = wanted;
  return JSON.stringify(said) === JSON.stringify(says) && wanted.expiresMs - before.expiresMs < SAME_MS;
}

function oldestOf(devices: readonly Device[], count: number): readonly Device[] {
  if (count <= 0) return [];
  return devices.toSorted((a, b) => a.value.expiresMs - b.value.expiresMs).slice(0, count);
}
