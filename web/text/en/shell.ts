export const shell = {
  product: 'Brevduva',
  loading: 'One moment…',
  close: 'Close',
  cancel: 'Cancel',
};
