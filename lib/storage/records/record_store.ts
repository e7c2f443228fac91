import { DatabaseSync } from "node:sqlite";

/** One thing that is kept. */
export interface StoredRecord {
  readonly name: string;
  readonly version: number;
  readonly properties: Uint8Array;
}

/**
 * Small named records in an SQLite file, by space: one for each application. What was saved together is there
 * together after a crash, or not at all.
 *
 * The file and its folder are made with the first record that is saved.
 */
export class RecordStore implements Disposable {
  readonly #path: string;
  #database: DatabaseSync | undefined;

  /** @param path Of the file. */
  constructor(path: string) {
    this.#path = path;
  }

  /** The records of one space. */
  space(space: string): {
    load(name: string): StoredRecord | undefined;
    save(records: readonly StoredRecord[]): void;
  } {
    return { load: (name) => this.#load(space, name), save: (records) => this.#save(space, records) };
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#database?.close();
    this.#database = undefined;
  }

  #load(space: string, name: string): StoredRecord | undefined {
    if (this.#database === undefined && !this.#isThere()) return undefined;
    const row = this.#open().prepare("SELECT version, properties FROM records WHERE space = ? AND name = ?")
      .get(space, name);
    if (row === undefined) return undefined;
    return { name, version: Number(row["version"]), properties: row["properties"] as Uint8Array };
  }

  #save(space: string, records: readonly StoredRecord[]): void {
    const database = this.#open();
    const put = database.prepare(
      "INSERT INTO records (space, name, version, properties) VALUES (?, ?, ?, ?) " +
        "ON CONFLICT (space, name) DO UPDATE SET version = excluded.version, properties = excluded.properties",
    );
    database.exec("BEGIN");
    try {
      for (const { name, version, properties } of records) put.run(space, name, version, properties);
      database.exec("COMMIT");
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  }

  #isThere(): boolean {
    try {
      return Deno.statSync(this.#path).isFile;
    } catch {
      return false;
    }
  }

  #open(): DatabaseSync {
    if (this.#database !== undefined) return this.#database;
    const folder = this.#path.replace(/[^/\\]*$/, "");
    if (folder !== "") Deno.mkdirSync(folder, { recursive: true });
    const database = new DatabaseSync(this.#path);
    // readers and a crash see whole transactions; the last second may be lost with the machine, not with the process
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    database.exec(
      "CREATE TABLE IF NOT EXISTS records (space TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, " +
        "properties BLOB NOT NULL, PRIMARY KEY (space, name)) WITHOUT ROWID",
    );
    return this.#database = database;
  }
}
