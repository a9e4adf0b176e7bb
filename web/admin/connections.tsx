/** Who is connected now, and the end of a connection. */
import { useApp } from '../shell/app.ts';
import { Icon } from '../ui/icon.tsx';
import { FaultLine, useAdmin, useAsked, useDo } from './context.tsx';
import type { Connection } from './wire.ts';

interface Connected {
  readonly connections: readonly Connection[];
  /** Those that are signed in, and all. */
  readonly known: number;
  readonly total: number;
}

export function ConnectionsPage() {
  const { texts } = useAdmin();
  const { value, fault, again } = useAsked<Connected>('connections');
  return (
    <>
      <FaultLine fault={fault} />
      <div class="admin-head">
        <p class="hint" role="status">
          {value === undefined ? null : (
            <>
              {texts.connections.count(value.known)}{' '}
              {value.total > value.known ? texts.connections.others(value.total - value.known) : null}
            </>
          )}
        </p>
        <button type="button" class="button" onClick={() => void again()}>
          <Icon name="refresh" />
          {texts.again}
        </button>
      </div>
      <ul>
        {value?.connections.map((one) => (
          <ConnectionLine key={one.id} connection={one} onEnded={() => void again()} />
        ))}
      </ul>
    </>
  );
}

function ConnectionLine({
  connection,
  onEnded,
}: {
  readonly connection: Connection;
  readonly onEnded: () => void;
}) {
  const { texts } = useAdmin();
  const { formats, notices } = useApp();
  const does = useDo();
  const { id, account = '', listener, remote, sinceMs, tls, client } = connection;
  const since = formats.value.listTime(new Date(sinceMs).toISOString(), new Date());
  const end = (): void =>
    void does('connections/end', { id }, () => notices.show({ text: texts.connections.ended })).then(onEnded);
  return (
    <li class="setting">
      <span>
        <span dir="auto">{account}</span>
        <small>
          {[listener, remote, tls ?? texts.connections.clear, texts.connections.since(since)].join(' · ')}
        </small>
        {client === undefined ? null : <small dir="auto">{client}</small>}
      </span>
      <button
        type="button"
        class="icon-button"
        title={texts.connections.end(account)}
        aria-label={texts.connections.end(account)}
        onClick={end}
      >
        <Icon name="close" />
      </button>
    </li>
  );
}
