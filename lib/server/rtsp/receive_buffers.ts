/** What a burst of key frames of many publishers needs. */
const WANTED_BYTES = 4 * 1024 * 1024;
const DEFAULT_PATH = "/proc/sys/net/core/rmem_default";

const COMMAND = `sysctl -w net.core.rmem_default=${WANTED_BYTES} net.core.rmem_max=${WANTED_BYTES}`;

/**
 * What to do about receive buffers of UDP that are small: the runtime's sockets have the system's default.
 *
 * @param read Reads a file; the runtime lets only a program with all permissions read this one.
 * @returns One line for the log; `undefined` where they are large.
 */
export async function receiveBufferAdvice(
  read: (path: string) => Promise<string>,
): Promise<string | undefined> {
  const bytes = await read(DEFAULT_PATH).then(Number, () => NaN);
  if (bytes >= WANTED_BYTES) return undefined;
  const size = Number.isNaN(bytes) ? "what the system gives" : `${Math.round(bytes / 1024)} KiB`;
  return `UDP sockets hold ${size} of what nobody has read yet, and lose what comes beyond; as root: ${COMMAND}`;
}
