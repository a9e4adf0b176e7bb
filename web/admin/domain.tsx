/** One domain: what the DNS says of it, what to publish, its keys and its aliases. */
import { useApp, useDesk } from '../shell/app.ts';
import { Icon } from '../ui/icon.tsx';
import { Aliases } from './aliases.tsx';
import { FaultLine, useAdmin, useAsked, useDo } from './context.tsx';
import { CopyButton } from './copy-button.tsx';
import type { DomainReport, Finding } from './wire.ts';

const ICONS = { ok: 'check', warn: 'warning', fail: 'warning', unknown: 'info' } as const;

export function DomainPage({ name }: { readonly name: string }) {
  const { texts } = useAdmin();
  const { notices } = useApp();
  const does = useDo();
  const { value, fault, again } = useAsked<DomainReport>('domain', { name });
  const rotate = (): void =>
    void does('domain/rotate', { name }, () => notices.show({ text: texts.domain.rotated })).then(again);
  return (
    <>
      <section class="settings-group">
        <div class="admin-head">
          <h2>{texts.domain.lookedAt}</h2>
          <button type="button" class="button quiet" onClick={() => void again()}>
            <Icon name="refresh" />
            {texts.again}
          </button>
        </div>
        <FaultLine fault={fault} />
        {value === undefined && fault === undefined ? (
          <p class="hint" role="status">
            {texts.domain.looking}
          </p>
        ) : null}
        <ul>
          {value?.findings.map((one) => (
            <FindingLine key={`${one.check} ${one.subject}`} finding={one} />
          ))}
        </ul>
        {value === undefined ? null : <AllRecords records={value.records} />}
      </section>
      <Aliases domain={name} />
      {value?.domain.createdMs === undefined ? null : (
        <section class="settings-group">
          <button type="button" class="setting" onClick={rotate}>
            <span>
              {texts.domain.rotate}
              <small>{texts.domain.rotateMeans}</small>
            </span>
          </button>
          <div class="admin-pad">
            <RemoveDomain name={name} />
          </div>
        </section>
      )}
    </>
  );
}

function FindingLine({ finding }: { readonly finding: Finding }) {
  const { texts } = useAdmin();
  const { check, subject, verdict, seen, remedy, records = [] } = finding;
  const toDo = verdict !== 'ok';
  return (
    <li class={`admin-finding ${verdict}`}>
      <div class="admin-head">
        <h3>
          {texts.domain.checks[check] ?? check} <small>{subject}</small>
        </h3>
        <span class="admin-verdict">
          <Icon name={ICONS[verdict]} />
          {texts.domain.verdicts[verdict]}
        </span>
      </div>
      {toDo && records.length > 0 ? (
        <>
          <p class="hint">{texts.domain.publish}</p>
          {records.map((record) => (
            <RecordLine key={record} record={record} />
          ))}
        </>
      ) : null}
      <details>
        <summary>{texts.details}</summary>
        <div lang="en">
          <p>{seen}</p>
          {toDo && remedy !== undefined ? <p>{remedy}</p> : null}
        </div>
      </details>
    </li>
  );
}

function RecordLine({ record }: { readonly record: string }) {
  const { texts } = useAdmin();
  return (
    <div class="admin-publish">
      <code class="admin-record">{record}</code>
      <CopyButton text={record} label={texts.domain.copyRecord(record)} />
    </div>
  );
}

/** Of a new domain there is nothing yet that could be wrong; here is all of it, for a zone file. */
function AllRecords({ records }: Pick<DomainReport, 'records'>) {
  const { texts } = useAdmin();
  if (records.length === 0) return null;
  return (
    <details class="admin-fold">
      <summary class="setting">{texts.domain.all}</summary>
      <div class="admin-all">
        {records.map((record) => (
          <RecordLine key={record} record={record} />
        ))}
        <CopyButton text={`${records.join('\n')}\n`} label={texts.domain.copyAll} hasWords />
      </div>
    </details>
  );
}

function RemoveDomain({ name }: { readonly name: string }) {
  const { texts } = useAdmin();
  const { notices, router } = useApp();
  const desk = useDesk();
  const does = useDo();
  const remove = (): void =>
    void does('domain/remove', { name }, () => {
      notices.show({ text: texts.domain.removed(name) });
      router.replace({ at: 'admin', page: 'domains' });
    });
  return (
    <button
      type="button"
      class="button danger"
      onClick={() =>
        desk.ask({
          ...{ kind: 'confirm', title: texts.domain.removeTitle(name), text: texts.domain.removeMeans },
          ...{ button: texts.domain.remove, run: remove },
        })
      }
    >
      {texts.domain.remove}
    </button>
  );
}
