export const shell = {
  product: 'Brevduva',
  loading: 'Ett ögonblick…',
  close: 'Stäng',
  cancel: 'Avbryt',
};
