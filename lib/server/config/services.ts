import type { ServerConfig } from "./server_options.ts";

/** One listener, as `serve` and `check` print it. */
export interface ServiceRow {
  /** `tcp`, `tls` or `udp`. */
  readonly carrier: string;
  readonly ip: string;
  readonly port: number;
  /** Name of the chain. */
  readonly protocol: string;
  /** Name of the application that owns the acceptor. */
  readonly application: string;
}

/**
 * The listeners that `config` asks for.
 *
 * @param config A whole configuration.
 * @param carriers Carrier of each chain, by name.
 */
export function serviceRows(config: ServerConfig, carriers: ReadonlyMap<string, string>): ServiceRow[] {
  const rows = config.applications.flatMap((application) =>
    application.acceptors.map(({ ip, port, protocol }) => ({
      carrier: carriers.get(protocol) ?? "tcp",
      ip,
      port,
      protocol,
      application: application.name,
    }))
  );
  const { enabled, ip, port } = config.web;
  return enabled
    ? [...rows, { carrier: "tcp", ip, port, protocol: "inboundHttp", application: "web" }]
    : rows;
}

/** The rows as a table for people, a line each. */
export function formatServices(rows: readonly ServiceRow[]): string[] {
  const table = [
    ["carrier", "ip", "port", "protocol", "application"],
    ...rows.map((row) => [row.carrier, row.ip, String(row.port), row.protocol, row.application]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 2 ? cell.padStart(width) : cell.padEnd(width);
    }).join("  ").trimEnd();
  const rule = line(widths.map((width) => "-".repeat(width)));
  return [line(table[0] ?? []), rule, ...table.slice(1).map(line)];
}
