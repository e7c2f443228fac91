/** One alternative of a Transport header: RFC 2326 section 12.39. */
export interface TransportSpec {
  /** Lower layer; RTP over UDP where it is not said. */
  readonly lower: "tcp" | "udp";
  readonly isMulticast: boolean;
  /** Channels of an interleaved connection, the second for RTCP. */
  readonly interleaved?: readonly [number, number];
  /** Ports of the client, the second for RTCP. */
  readonly clientPort?: readonly [number, number];
  /** Ports of the server, the second for RTCP. */
  readonly serverPort?: readonly [number, number];
  /** Where the server says that its media comes from. */
  readonly source?: string;
  /** Whether the client is to send media. */
  readonly isRecord: boolean;
}

/**
 * Parses a Transport header; alternatives that are not RTP/AVP, or malformed, are left out.
 *
 * @returns In the order of the client's preference.
 */
export function parseTransport(text: string): TransportSpec[] {
  const specs: TransportSpec[] = [];
  for (const alternative of text.split(",").slice(0, 16)) {
    const [protocol = "", ...parameters] = alternative.split(";").map((part) => part.trim());
    const lower = /^RTP\/AVPF?(?:\/(TCP|UDP))?$/i.exec(protocol);
    if (lower === null) continue;
    const fields = new Map(parameters.map((parameter) => {
      const [name = "", value = ""] = parameter.split("=", 2);
      return [name.trim().toLowerCase(), value.trim().replace(/^"|"$/g, "")] as const;
    }));
    const interleaved = pairOf(fields.get("interleaved"), 255);
    const clientPort = pairOf(fields.get("client_port"), 65_535);
    const serverPort = pairOf(fields.get("server_port"), 65_535);
    const source = fields.get("source") ?? "";
    specs.push({
      lower: lower[1]?.toLowerCase() === "tcp" ? "tcp" : "udp",
      isMulticast: fields.has("multicast"),
      ...(interleaved === undefined ? {} : { interleaved }),
      ...(clientPort === undefined ? {} : { clientPort }),
      ...(serverPort === undefined ? {} : { serverPort }),
      ...(source === "" ? {} : { source }),
      isRecord: /^(record|receive)$/i.test(fields.get("mode") ?? ""),
    });
  }
  return specs;
}

/** `4-5`, or `4` for 4 and 5. */
function pairOf(text: string | undefined, max: number): readonly [number, number] | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text ?? "");
  if (match === null) return undefined;
  const first = Number(match[1]);
  const second = match[2] === undefined ? first + 1 : Number(match[2]);
  return first > max || second > max || first === second ? undefined : [first, second];
}
