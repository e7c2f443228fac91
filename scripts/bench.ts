/**
 * Runs all benches and sets them beside the stored baseline.
 *
 * ```sh
 * deno task bench            # all benches
 * deno task bench amf        # those of files whose path contains "amf"
 * deno task bench --save     # stores the figures as the new baseline
 * ```
 */
import { listSourceFiles, ROOT } from "./source_files.ts";

const BASELINE_PATH = `${ROOT}tests/bench/baseline.json`;

/** Figures of one bench. */
export interface BenchFigures {
  /** Mean time of one run of the bench, in ns. */
  readonly averageNs: number;
  /** 99th percentile, in ns. */
  readonly p99Ns: number;
}

/** Figures by name, as `lib/amf/amf_bench.ts: name`, and the machine they were measured on. */
export interface Baseline {
  readonly cpu: string;
  readonly runtime: string;
  readonly benches: Readonly<Record<string, BenchFigures>>;
}

/** What `deno bench --json` prints. */
export interface BenchReport {
  readonly cpu: string;
  readonly runtime: string;
  readonly benches: readonly {
    readonly origin: string;
    readonly name: string;
    readonly results: readonly { readonly ok?: { readonly avg: number; readonly p99: number } }[];
  }[];
}

/** Turns a report into figures by name; benches that failed are left out. */
export function readFigures({ cpu, runtime, benches }: BenchReport): Baseline {
  const figures: Record<string, BenchFigures> = {};
  for (const { origin, name, results } of benches) {
    const ok = results[0]?.ok;
    const file = /(lib|apps|tests|scripts)\/.*$/.exec(origin)?.[0] ?? origin;
    if (ok !== undefined) figures[`${file}: ${name}`] = { averageNs: round(ok.avg), p99Ns: round(ok.p99) };
  }
  return { cpu, runtime, benches: figures };
}

/** Formats figures as a table; a bench's last column is its time over that of the baseline. */
export function formatTable(now: Baseline, before?: Baseline): string {
  const rows = Object.entries(now.benches).map(([name, { averageNs, p99Ns }]) => {
    const old = before?.benches[name]?.averageNs;
    const ratio = old === undefined ? "new" : (averageNs / old).toFixed(2);
    return [name, formatTime(averageNs), formatTime(p99Ns), old === undefined ? "" : formatTime(old), ratio];
  });
  const table = [["bench", "mean", "p99", "baseline", "ratio"], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))
      .join("  ");
  return table.map(line).join("\n");
}

function formatTime(ns: number): string {
  if (ns < 1e3) return `${ns.toFixed(1)} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toFixed(1)} us`;
  return `${(ns / 1e6).toFixed(1)} ms`;
}

function round(ns: number): number {
  return Math.round(ns * 10) / 10;
}

async function readBaseline(): Promise<Baseline | undefined> {
  const text = await Deno.readTextFile(BASELINE_PATH).catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text) as Baseline;
}

async function runBenches(files: readonly string[]): Promise<Baseline> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["bench", "--json", "--no-check", "--allow-all", ...files],
    cwd: ROOT,
    stdout: "piped",
    stderr: "inherit",
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (!success) throw new Error(`Cannot run the benches\n${text}`);
  return readFigures(JSON.parse(text.slice(text.indexOf("{\n"))) as BenchReport);
}

if (import.meta.main) {
  const [pattern = ""] = Deno.args.filter((arg) => !arg.startsWith("--"));
  const all = await listSourceFiles();
  const files = all.filter((path) => path.endsWith("_bench.ts") && path.includes(pattern));
  if (files.length === 0) throw new Error(`Cannot run benches: no file matches "${pattern}"`);
  const before = await readBaseline();
  const now = await runBenches(files);
  console.log(formatTable(now, before));
  if (before !== undefined && before.cpu !== now.cpu) {
    console.log(`The baseline is of another machine: ${before.cpu}, ${before.runtime}`);
  }
  if (Deno.args.includes("--save")) {
    const kept = pattern === "" ? {} : before?.benches ?? {};
    await Deno.mkdir(`${ROOT}tests/bench`, { recursive: true });
    const benches = Object.entries({ ...kept, ...now.benches }).sort(([a], [b]) => a < b ? -1 : 1);
    const text = JSON.stringify({ ...now, benches: Object.fromEntries(benches) }, undefined, 2);
    await Deno.writeTextFile(BASELINE_PATH, `${text}\n`);
    console.log(`Stored ${benches.length} figures`);
  }
}
