import { ConfigError, errorMessage } from "#errors";
import { isIpAddress, makeCertificate } from "#server";
import type { CommandContext } from "../command_context.ts";
import type { CommandLine } from "../command_line.ts";

const HOST = /^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;

/** `crtmp cert`: a certificate that signs itself, for trying out RTMPS and HTTPS; never shipped. */
export async function run(line: CommandLine, context: CommandContext): Promise<number> {
  const names = [...new Set(["localhost", "127.0.0.1", "::1", ...line.values("name")])];
  const wrong = names.find((name) => !isIpAddress(name) && !HOST.test(name));
  if (wrong !== undefined) {
    throw new ConfigError(`Cannot make certificate: ${wrong} is no host name or address`);
  }
  const folder = line.value("out") ?? ".";
  const [certPath, keyPath] = [`${folder}/cert.pem`, `${folder}/key.pem`];
  const { cert, key } = await makeCertificate(names);
  const isForced = line.has("force");
  // the key first: a certificate without its key is of no use to anybody
  await write(keyPath, key, { isForced, mode: 0o600 });
  await write(certPath, cert, { isForced, mode: 0o644 });
  context.print(`${certPath} and ${keyPath} are for ${names.join(", ")}, for a year.`);
  context.print("Programs trust it only where they are told to. An acceptor that uses it:");
  context.print("");
  context.print(`{ port = 443, protocol = "inboundRtmps", sslCert = "${certPath}", sslKey = "${keyPath}" }`);
  return 0;
}

async function write(
  path: string,
  text: string,
  { isForced, mode }: { isForced: boolean; mode: number },
): Promise<void> {
  try {
    await Deno.writeTextFile(path, text, { mode, createNew: !isForced });
  } catch (error) {
    const why = error instanceof Deno.errors.AlreadyExists
      ? "it exists; --force replaces it"
      : errorMessage(error);
    throw new ConfigError(`Cannot write ${path}: ${why}`, { cause: error });
  }
}
