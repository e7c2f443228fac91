import { isLoopback } from "#uri";
import { convertAuth } from "./convert_auth.ts";
import type { Paths } from "./paths.ts";
import { ACCEPTOR_KEYS } from "./key_tables.ts";
import { type Findings, type OriginalEntry, readKeys, sameValues } from "./original_key.ts";

/** Chains of the original that crtmp does not speak, and why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  inbounddns: "has no use: the runtime resolves names",
  inboundnsv: "was a name without a protocol in the original too",
};
/** Chains by which a server is controlled, or shows its state. */
const CONTROL_CHAINS = /^inbound(Http)?JsonCli$|Variant$/i;

/**
 * Converts one of `acceptors`.
 *
 * @param context `chains` are those that it may name.
 * @returns `undefined` if its port cannot be opened: there is no such chain.
 */
export function convertAcceptor(
  { written, path }: OriginalEntry,
  { findings, paths, chains }: { findings: Findings; paths: Paths; chains: readonly string[] },
): Record<string, unknown> | undefined {
  const values = readKeys(ACCEPTOR_KEYS, { written, path, findings });
  const { ip, port, protocol, sslKey, sslCert, ssmIp, auth } = values;
  if (typeof port === "number" && !(Number.isInteger(port) && port >= 1 && port <= 65535)) {
    findings.refuse(`${path}.port`, `must be 1-65535, current value is ${port}`);
  }
  if (typeof protocol !== "string") return undefined;
  const chain = chains.find((each) => each.toLowerCase() === protocol.toLowerCase());
  if (chain === undefined) {
    const why = LEFT_OUT[protocol.toLowerCase()] ?? `is no chain: there are ${chains.join(", ")}`;
    findings.warn(path, `is left out, port ${port} is not opened: ${protocol} ${why}`);
    return undefined;
  }
  const guard = auth === undefined ? undefined : convertAuth(auth, { path: `${path}.auth`, findings });
  const isAsked = /^inboundHttps?\w+Variant$/.test(chain) &&
    guard?.uris.some(({ uri }) => uri === "/") === true;
  const isOpenControl = CONTROL_CHAINS.test(chain) && typeof ip === "string" && !isLoopback(ip) && !isAsked;
  if (isOpenControl) {
    findings.warn(
      `${path}.ip`,
      `is 127.0.0.1 rather than ${ip}: ${chain} controls the server and asks nobody who he is; ` +
        `to open it, write it in TOML (crtmp convert-config), ${
          /JsonCli$/.test(chain) ? "with controlUsers" : "where ip is taken as it stands"
        }`,
    );
  }
  return {
    ...sameValues(ACCEPTOR_KEYS, values),
    protocol: chain,
    ...isOpenControl && { ip: "127.0.0.1" },
    ...typeof sslKey === "string" && { sslKey: paths.atApplication(sslKey) },
    ...typeof sslCert === "string" && { sslCert: paths.atApplication(sslCert) },
    ...ssmIp !== undefined && { multicastSource: ssmIp },
    ...guard !== undefined && { auth: guard },
  };
}
