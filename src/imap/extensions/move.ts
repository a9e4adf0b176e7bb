import { moveCommand, uidMoveCommand } from '../commands/move.ts';
import { defineExtension } from '../extension.ts';

export const move = defineExtension({
  rfc: 'RFC 6851 MOVE',
  capabilities: () => ['MOVE'],
  commands: [moveCommand, uidMoveCommand],
});
