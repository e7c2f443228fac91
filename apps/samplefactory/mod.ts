/**
 * samplefactory: an application that brings protocols of its own. A chain names what carries a protocol, so the same
 * echo is spoken over TCP and over HTTP, and a download stands on the server's own HTTP client.
 *
 * ```toml
 * [[applications]]
 * name = "samplefactory"
 * acceptors = [
 *   { ip = "127.0.0.1", port = 8989, protocol = "echoProtocol" },
 *   { ip = "127.0.0.1", port = 8988, protocol = "httpEchoProtocol" },
 * ]
 * downloads = [{ url = "http://127.0.0.1:8080/", fileName = "page.html" }]
 * ```
 *
 * @module
 */
import {
  type ApplicationContext,
  type ApplicationDefinition,
  list,
  MediaRoot,
  type OptionsOf,
  path,
  text,
} from "#crtmp";
import { DownloadProtocol } from "./download_protocol.ts";
import { EchoProtocol } from "./echo_protocol.ts";

const OPTIONS = {
  downloads: list({
    url: text({
      default: "",
      pattern: /^http:\/\/\S+$/,
      allowed: "an address that begins with http://",
      doc: "What is downloaded when the server starts.",
    }),
    fileName: text({ default: "", doc: "The file it becomes in downloadFolder." }),
  }, { default: [], doc: "Documents that are downloaded when the server starts." }),
  downloadFolder: path({ default: "downloads", doc: "Where downloads are written." }),
};
type Options = OptionsOf<typeof OPTIONS>;

/** The example of an application's own protocols. */
export const samplefactory: ApplicationDefinition = {
  name: "samplefactory",
  about: "An echo over TCP and HTTP, and downloads, by protocols of its own",
  hasStreams: false,
  options: OPTIONS,
  chains: [
    { name: "echoProtocol", tags: ["tcp", "echo"], about: "an echo of what arrives" },
    { name: "httpEchoProtocol", tags: ["tcp", "http", "echo"], about: "an echo of the bodies of requests" },
    { name: "httpDownload", tags: ["tcp", "httpClient", "download"], about: "a download, for outbound use" },
  ],
  create: (context) => {
    const stopped = new AbortController();
    void downloadAll(context, stopped.signal);
    return {
      protocols: { echo: () => new EchoProtocol(), download: () => new DownloadProtocol() },
      close: () => stopped.abort(),
    };
  },
};

async function downloadAll(context: ApplicationContext, signal: AbortSignal): Promise<void> {
  const { downloads, downloadFolder } = context.options as Options;
  if (downloads.length === 0) return;
  const { log, outbound } = context;
  for (const { url, fileName } of downloads) {
    try {
      const folder = await MediaRoot.open({ name: "downloads", folder: downloadFolder, create: true });
      const { hostname, port } = new URL(url);
      const protocol = await outbound.connect({
        chain: "httpDownload",
        host: hostname.replace(/^\[|\]$/g, ""),
        port: Number(port || 80),
        signal,
      });
      if (!(protocol instanceof DownloadProtocol)) throw new TypeError("Cannot download: another protocol");
      const file = await folder.create(fileName, "number");
      try {
        const bytes = await protocol.download(new URL(url), file);
        log.info(`downloaded ${file.name}: ${bytes} bytes`);
      } catch (error) {
        await folder.remove(file.name);
        throw error;
      } finally {
        await file.close();
        protocol.close();
      }
    } catch (error) {
      if (!signal.aborted) log.warning(`${fileName} was not downloaded: ${String(error)}`);
    }
  }
}
