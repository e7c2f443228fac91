import type { ProgressBar } from "@std/cli/unstable-progress-bar";

/** Shows how far a command is; on a terminal only. */
export interface Progress extends AsyncDisposable {
  /** What is done, in bytes. */
  value: number;
}

/** Where bars are drawn; tests give another. */
export interface ProgressPlace {
  readonly isTerminal: () => boolean;
  readonly open: (max: number) => Promise<Pick<ProgressBar, "value" | "stop">>;
}

const STDERR: ProgressPlace = {
  isTerminal: () => Deno.stderr.isTerminal(),
  open: async (max) => {
    const { ProgressBar } = await import("@std/cli/unstable-progress-bar");
    return new ProgressBar({ max, barLength: 40, clear: true });
  },
};

/**
 * Starts a bar on standard error, if that is a terminal; its line is wiped at the end.
 *
 * @param max What is to be done, in bytes.
 */
export async function startProgress(max: number, place: ProgressPlace = STDERR): Promise<Progress> {
  if (!place.isTerminal() || max === 0) return { value: 0, [Symbol.asyncDispose]: () => Promise.resolve() };
  const bar = await place.open(max);
  return {
    get value() {
      return bar.value;
    },
    set value(value: number) {
      bar.value = value;
    },
    [Symbol.asyncDispose]: () => bar.stop(),
  };
}
