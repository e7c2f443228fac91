/**
 * vptests: shows Variant messages. What comes to an acceptor, in any form and over any transport, goes back; a map
 * with `to` and `value` goes to the target called so instead, and what that answers goes back.
 *
 * ```toml
 * [[applications]]
 * name = "vptests"
 * acceptors = [{ ip = "127.0.0.1", port = 1111, protocol = "inboundHttpXmlVariant" }]
 * targets = [{ name = "php", url = "http://127.0.0.1/input.php", format = "xml" }]
 * ```
 *
 * @module
 */
import {
  type ApplicationDefinition,
  choice,
  flag,
  list,
  type OptionsOf,
  type OutboundConnections,
  text,
  type Variant,
  variantOf,
} from "#crtmp";

const TARGET_OPTIONS = {
  name: text({ default: "", doc: "What messages call it." }),
  url: text({ default: "", doc: "tcp://HOST:PORT, or an address of http or https." }),
  format: choice(["xml", "bin", "json"], { default: "xml", doc: "What messages to it are written in." }),
  sslVerify: flag({ default: true, doc: "Whether the certificate of https must be valid." }),
};
type Target = OptionsOf<typeof TARGET_OPTIONS>;

const OPTIONS = {
  targets: list(TARGET_OPTIONS, { default: [], doc: "Where messages with a `to` are sent on." }),
};

/** The example of Variant messages. */
export const vptests: ApplicationDefinition = {
  name: "vptests",
  about: "Sends Variant messages back, or on",
  hasStreams: false,
  options: OPTIONS,
  create: ({ options, outbound, log }) => {
    const { targets } = options as OptionsOf<typeof OPTIONS>;
    return {
      async variant({ value, format, transport, address }) {
        log.debug(`${address} sent ${value.type} as ${format} over ${transport}`);
        const order = orderOf(value);
        if (order === undefined) return value;
        const target = targets.find(({ name }) => name === order.to);
        if (target === undefined) return variantOf({ error: `There is no target ${order.to}` });
        return await sendTo(target, { value: order.value, outbound });
      },
    };
  },
};

/** What a map with `to` and `value` asks for. */
function orderOf(value: Variant): { to: string; value: Variant } | undefined {
  if (value.type !== "map") return undefined;
  const [to, what] = [value.entries.get("to"), value.entries.get("value")];
  return to?.type === "string" && what !== undefined ? { to: to.value, value: what } : undefined;
}

async function sendTo(
  { name, url, format, sslVerify }: Target,
  { value, outbound }: { value: Variant; outbound: OutboundConnections },
): Promise<Variant | undefined> {
  try {
    const connection = await outbound.variant(url, { format, tls: { isVerified: sslVerify } });
    try {
      return await connection.request(value);
    } finally {
      connection.close();
    }
  } catch {
    return variantOf({ error: `${name} cannot be reached, or did not answer` });
  }
}
