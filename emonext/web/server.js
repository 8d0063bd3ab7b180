// The engine of `emonext serve`: pictures go to the server of this page.

/** Read the model card and return the engine. Errors, here and later, have messages of one line. */
export async function open() {
  const card = await ask('model');
  return {
    card,
    classes: card.classes,
    findsFaces: true,
    private: `Pictures are sent to ${location.host} alone, which stores none.`,
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
  const { results: [result] } = await ask('predict?pictures=1', { method: 'POST', body: blob });
  if (result.error) throw Error(result.error.replace(/^picture:/, () => `${blob.name ?? 'picture'}:`));
  return result;
}

/** Frames of a camera over a WebSocket; each one is sent after the answer to the one before. */
class Stream {
  #socket;
  #opened;

  constructor() {
    const address = new URL('stream?pictures=1', document.baseURI);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#socket = new WebSocket(address);
    this.#opened = this.#next('open');
    this.#opened.catch(() => {}); // it is told when a frame is sent
  }

  async predict(canvas) {
    const [blob] = await Promise.all([
      new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.92)), this.#opened]);
    if (this.#socket.readyState !== WebSocket.OPEN) throw Error('The server has ended the connection');
    const answer = this.#next('message');
    this.#socket.send(blob);
    const result = JSON.parse((await answer).data);
    if (result.error) throw Error(result.error);
    return result;
  }

  /** The next event of a kind; an error if the connection ends before it. */
  #next(kind) {
    return new Promise((resolve, reject) => {
      const end = () => reject(Error('The server has ended the connection'));
      this.#socket.addEventListener(kind, (event) => {
        this.#socket.removeEventListener('close', end);
        resolve(event);
      }, { once: true });
      this.#socket.addEventListener('close', end, { once: true });
    });
  }

  close() {
    this.#socket.close();
  }
}
