/**
 * What was counted and what others have reported, in a database of its own beside those of the mail (`feedback.db`): it can be lost without
 * harm to anybody's mail. All processes of a server write the same one, in transactions of a moment; who finds it busy comes again.
 *
 * Promises: bounded. A day has at most so many domains, a domain so many different rows, one of ours so many reports of others; what is
 * beyond is not counted, and the oldest reports go. Nothing here waits for a disk: a power cut can cost the last seconds.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';

export const KINDS = ['dmarc', 'tls'] as const;
export type Kind = (typeof KINDS)[number];

/** What happened so many times to one domain in one day (UTC). */
export interface Count {
  readonly kind: Kind;
  /** Days since 1970. */
  readonly day: number;
  readonly domain: string;
  /** JSON. What is alike has the same text. */
  readonly row: string;
  /** JSON about the domain; the last one of the day counts. */
  readonly about: string;
  readonly count: number;
}

export interface DayOfDomain {
  readonly day: number;
  readonly domain: string;
  readonly about: string;
}

export interface Counted {
  readonly row: string;
  readonly count: number;
}

/** A report of somebody else about a domain of ours. */
export interface ReceivedReport {
  readonly kind: Kind;
  readonly domain: string;
  /** Who has reported, as he calls himself. */
  readonly organization: string;
  /** His name for it. */
  readonly reportId: string;
  readonly beginMs: number;
  readonly endMs: number;
  /** JSON. */
  readonly summary: string;
}

export interface Bounds {
  readonly domainsADay: number;
  readonly rowsADomain: number;
  readonly rowsADay: number;
  readonly reportsADomain: number;
  readonly keptDays: number;
}

export const BOUNDS: Bounds = Object.freeze({
  domainsADay: 10_000,
  rowsADomain: 1000,
  rowsADay: 200_000,
  reportsADomain: 2000,
  keptDays: 5,
});

/** Another process is writing: a moment. */
const BUSY_MS = 100;
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS counted_domain (kind TEXT, day INTEGER, domain TEXT, about TEXT NOT NULL, rows INTEGER NOT NULL,
    reported INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (kind, day, domain)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS counted (kind TEXT, day INTEGER, domain TEXT, row TEXT, count INTEGER NOT NULL,
    PRIMARY KEY (kind, day, domain, row)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS received (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, domain TEXT NOT NULL, organization TEXT NOT NULL,
    report TEXT NOT NULL, begins INTEGER NOT NULL, ends INTEGER NOT NULL, summary TEXT NOT NULL,
    UNIQUE (domain, kind, organization, report));
  CREATE INDEX IF NOT EXISTS received_end ON received (domain, ends);`;

/** What a day can still have. */
interface Room {
  domains: number;
  rows: number;
}

export class Ledger {
  readonly #db: DatabaseSync;
  readonly #bounds: Bounds;
  readonly #statements = new Map<string, StatementSync>();

  /** Throws what SQLite does. */
  constructor(path: string, bounds: Bounds = BOUNDS) {
    this.#bounds = bounds;
    this.#db = new DatabaseSync(path);
    this.#db.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL`);
    this.#db.exec(SCHEMA);
  }

  /** All of it or nothing. Throws when the database is busy or broken. */
  add(counts: readonly Count[]): void {
    if (counts.length === 0) return;
    this.#transaction(() => {
      const rooms = new Map<string, Room>();
      for (const count of counts) this.#add(count, rooms);
    });
  }

  /** Days that are over and not reported yet, by domain, behind one. */
  due(kind: Kind, day: number, afterDomain: string, limit: number): readonly DayOfDomain[] {
    return this.#all(
      `SELECT day, domain, about FROM counted_domain
        WHERE kind = ? AND day = ? AND domain > ? AND reported = 0 ORDER BY domain LIMIT ?`,
      ...[kind, day, afterDomain, limit],
    ).map((row) => ({
      day: Number(row.day),
      domain: String(row.domain),
      about: String(row.about),
    }));
  }

  /** Ascending; before `day`. */
  days(kind: Kind, day: number): readonly number[] {
    const sql =
      'SELECT DISTINCT day FROM counted_domain WHERE kind = ? AND day < ? AND reported = 0 ORDER BY day';
    return this.#all(sql, kind, day).map((row) => Number(row.day));
  }

  counted(kind: Kind, day: number, domain: string): readonly Counted[] {
    const sql = 'SELECT row, count FROM counted WHERE kind = ? AND day = ? AND domain = ?';
    return this.#all(sql, kind, day, domain).map((row) => ({
      row: String(row.row),
      count: Number(row.count),
    }));
  }

  /** It was reported, or nobody wants to know. */
  done(kind: Kind, day: number, domain: string): void {
    this.#transaction(() => {
      this.#run('DELETE FROM counted WHERE kind = ? AND day = ? AND domain = ?', kind, day, domain);
      const sql = 'UPDATE counted_domain SET reported = 1 WHERE kind = ? AND day = ? AND domain = ?';
      this.#run(sql, kind, day, domain);
    });
  }

  /** What nobody could be told in time. */
  forget(today: number): void {
    const before = today - this.#bounds.keptDays;
    this.#transaction(() => {
      this.#run('DELETE FROM counted WHERE day < ?', before);
      this.#run('DELETE FROM counted_domain WHERE day < ?', before);
    });
  }

  /** False: it is there already. */
  keep(report: ReceivedReport): boolean {
    const { kind, domain, organization, reportId, beginMs, endMs, summary } = report;
    let isNew = false;
    this.#transaction(() => {
      const changes = this.#run(
        `INSERT OR IGNORE INTO received (kind, domain, organization, report, begins, ends, summary)
          VALUES (?, ?, ?, ?, ?, ?, ?)`,
        ...[kind, domain, organization, reportId, beginMs, endMs, summary],
      );
      isNew = changes > 0;
      this.#run(
        `DELETE FROM received WHERE id IN
          (SELECT id FROM received WHERE domain = ? ORDER BY id DESC LIMIT -1 OFFSET ?)`,
        ...[domain, this.#bounds.reportsADomain],
      );
    });
    return isNew;
  }

  /** About a domain of ours, of a time that ends later than that; the newest first. */
  received(domain: string, sinceMs: number, limit: number): readonly ReceivedReport[] {
    const sql = 'SELECT * FROM received WHERE domain = ? AND ends > ? ORDER BY ends DESC LIMIT ?';
    return this.#all(sql, domain, sinceMs, limit).map((row) => ({
      kind: row.kind as Kind,
      domain: String(row.domain),
      organization: String(row.organization),
      reportId: String(row.report),
      beginMs: Number(row.begins),
      endMs: Number(row.ends),
      summary: String(row.summary),
    }));
  }

  close(): void {
    this.#db.close();
  }

  #add({ kind, day, domain, row, about, count }: Count, rooms: Map<string, Room>): void {
    const key = [kind, day, domain] as const;
    const more = 'UPDATE counted SET count = count + ? WHERE kind = ? AND day = ? AND domain = ? AND row = ?';
    if (this.#run(more, count, ...key, row) > 0) return;
    const known = this.#all(
      'SELECT rows, reported FROM counted_domain WHERE kind = ? AND day = ? AND domain = ?',
      ...key,
    )[0];
    if (known?.reported === 1 || Number(known?.rows ?? 0) >= this.#bounds.rowsADomain) return;
    const room = rooms.get(`${kind} ${day}`) ?? this.#roomOf(kind, day);
    rooms.set(`${kind} ${day}`, room);
    if (room.rows <= 0 || (known === undefined && room.domains <= 0)) return;
    room.rows--;
    if (known === undefined) room.domains--;
    this.#run('INSERT INTO counted VALUES (?, ?, ?, ?, ?)', ...key, row, count);
    this.#run(
      `INSERT INTO counted_domain (kind, day, domain, about, rows) VALUES (?, ?, ?, ?, 1)
        ON CONFLICT DO UPDATE SET rows = rows + 1, about = excluded.about`,
      ...[...key, about],
    );
  }

  #roomOf(kind: Kind, day: number): Room {
    const sql =
      'SELECT count(*) AS domains, sum(rows) AS rows FROM counted_domain WHERE kind = ? AND day = ?';
    const all = this.#all(sql, kind, day)[0];
    const { domainsADay, rowsADay } = this.#bounds;
    return { domains: domainsADay - Number(all?.domains ?? 0), rows: rowsADay - Number(all?.rows ?? 0) };
  }

  #transaction(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  #run(sql: string, ...values: readonly (string | number)[]): number {
    return Number(this.#prepared(sql).run(...values).changes);
  }

  #all(sql: string, ...values: readonly (string | number)[]) {
    return this.#prepared(sql).all(...values);
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#db.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }
}
