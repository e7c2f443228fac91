import { RtmpeClientHandshake } from "./handshakes.ts";
import { CipherProtocol } from "./rtmpe_protocol.ts";

/** The client's side of RTMPE, under an `RtmpClientProtocol` whose `handshake` is `"below"`. */
export class RtmpeClientProtocol extends CipherProtocol {
  #handshake: RtmpeClientHandshake | undefined = undefined;

  protected override onOpened(): void {
    this.#handshake = new RtmpeClientHandshake({
      randomBytes: this.randomBytes,
      send: (bytes) => this.send(bytes),
    });
    this.#handshake.start();
  }

  protected override onReceive(bytes: Uint8Array): void {
    const handshake = this.#handshake;
    if (handshake === undefined) return this.decrypt(bytes);
    this.handshakeReceived(handshake, bytes);
    if (handshake.ciphers !== undefined) this.#handshake = undefined;
  }
}
