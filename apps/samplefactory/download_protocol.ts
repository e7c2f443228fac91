import { HttpClientProtocol, Protocol, ProtocolError } from "#crtmp";

/** Where the bytes of a download go: a file, or whatever else takes them one after another. */
export interface DownloadTarget {
  /** Takes some bytes; more come when it resolves. */
  append(bytes: Uint8Array): Promise<void>;
}

/** Fetches one document over the HTTP client below it, at the pace of what takes it. */
export class DownloadProtocol extends Protocol {
  /** Its name in chains. */
  readonly tag = "download";
  /** Nothing stands on it. */
  readonly kind = "endpoint";

  /** Downloads `url` into `target`; resolves to how many bytes there were. */
  async download(url: URL, target: DownloadTarget): Promise<number> {
    const http = this.far;
    if (!(http instanceof HttpClientProtocol)) throw new TypeError("Cannot download: no httpClient below");
    const done = Promise.withResolvers<void>();
    const fail = (error: Error) => {
      done.reject(error);
      this.abort(error);
    };
    let bytesTaken = 0;
    let waiting = 0;
    let last = Promise.resolve();
    const written = () => {
      if (--waiting === 0) this.carrier?.pause(false);
    };
    http.request({ method: "GET", target: url.pathname + url.search, authority: url.host }, {
      head: ({ status, reason }) => {
        if (status !== 200) {
          fail(new ProtocolError(`Cannot download: the server answered ${status} ${reason}`));
        }
      },
      receive: (bytes) => {
        bytesTaken += bytes.length;
        const taken = bytes.slice();
        // the carrier brings no more than one read until this one is written
        if (waiting++ === 0) this.carrier?.pause(true);
        last = last.then(() => target.append(taken)).then(written);
        last.catch(fail);
      },
      ended: () => done.resolve(),
      failed: (error) => done.reject(error),
    });
    await done.promise;
    await last;
    return bytesTaken;
  }

  /** What arrives comes with the answer. */
  protected override onReceive(_bytes: Uint8Array): void {}
}
