// The engine of `emonext serve`: pictures go to the server of this page.
const NEAR = ['localhost', '127.0.0.1', '[::1]'];

/** Read the model card and return the engine. Errors, here and later, have messages of one line. */
export async function open() {
  const card = await ask('model');
  const where = NEAR.includes(location.hostname) ? ', a program on this computer' : '';
  return {
    card,
    classes: card.classes,
    findsFaces: true,
    private: `Pictures are sent to ${location.host}${where}, to nobody else, and are stored nowhere.`,
    predict,
    openStream: () => new Stream(),
  };
}

async function ask(address, options) {
  const answer = await fetch(new URL(address, document.baseURI), options).catch(() => {
    throw Error('The server cannot be reached');
  });
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok && !content.results) throw Error(content.error ?? `The server answered ${answer.status}`);
  return content;
}

async function predict(blob) {
  const name = blob.name ?? 'picture';
  const { results: [result] } = await ask('predict?pictures=1', { method: 'POST', body: blob });
  if (result.error) throw Error(result.error.replace(/^picture:/, () => `${name}:`));
  return { ...result, source: name };
}

/** Frames of a camera over a WebSocket; each one is sent after the answer to the one before. */
class Stream {
  #socket = null;

  async predict(canvas) {
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.92));
    await this.#connect(); // last, for a connection may end at any time, and what is sent then is lost
    const answer = this.#next('message');
    this.#socket.send(blob);
    const result = JSON.parse((await answer).data);
    if (result.error) throw Error(`The server answered: ${result.error}`);
    return result;
  }

  close() {
    this.#socket?.close();
  }

  /** Open the connection, or open it again: a server ends one that is idle while the page is not seen. */
  async #connect() {
    if (this.#socket?.readyState === WebSocket.OPEN) return;
    const address = new URL('stream?pictures=1', document.baseURI);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#socket = new WebSocket(address);
    await this.#next('open');
  }

  /** The next event of a kind; an error if the connection ends before it. */
  #next(kind) {
    return new Promise((resolve, reject) => {
      const done = new AbortController();
      const listen = (name, use) => this.#socket.addEventListener(name, (event) => {
        done.abort();
        use(event);
      }, { signal: done.signal });
      listen(kind, resolve);
      listen('close', () => reject(Error('The server has ended the connection')));
    });
  }
}
