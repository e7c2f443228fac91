/** Kinds of socket, as they were opened: `datagrams` are UDP, all others TCP or TLS. */
export const IO_KINDS = ["acceptors", "accepted", "connected", "datagrams"] as const;

/** One of IO_KINDS. */
export type IoKind = typeof IO_KINDS[number];

/** How many sockets of one kind there are. */
export interface IoCount {
  /** Open now. */
  readonly current: number;
  /** Most that were open at once. */
  readonly max: number;
  /** Opened since the start. */
  readonly total: number;
}

/** How many sockets of each kind there are. */
export type IoCounts = Readonly<Record<IoKind, IoCount>>;

/** Counts sockets by kind. */
export class IoCounter {
  readonly #counts = new Map<IoKind, { current: number; max: number; total: number }>(
    IO_KINDS.map((kind) => [kind, { current: 0, max: 0, total: 0 }]),
  );

  /** The counts now. */
  get counts(): IoCounts {
    return Object.fromEntries([...this.#counts].map(([kind, count]) => [kind, { ...count }])) as IoCounts;
  }

  /** Counts a socket that was opened; the returned function that it was closed. */
  opened(kind: IoKind): () => void {
    const count = this.#counts.get(kind)!;
    count.current++;
    count.total++;
    count.max = Math.max(count.max, count.current);
    return () => {
      count.current--;
    };
  }
}
