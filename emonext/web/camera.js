// The camera: its frames go to the engine one after the other.
const LARGEST = 640; // px of the longer side of a frame
const MISSES = 4; // failures one after the other that end the camera
const REASONS = { NotAllowedError: 'The camera may not be used', NotFoundError: 'There is no camera',
                  NotReadableError: 'Another program uses the camera' };

export class Camera {
  #engine;
  #view;
  #answered;
  #media = null;
  #video = document.createElement('video');
  #isOn = true;

  /** answered: called with each result, or with null and an error after which the camera goes on. */
  constructor(engine, view, answered) {
    [this.#engine, this.#view, this.#answered] = [engine, view, answered];
    [this.#video.muted, this.#video.playsInline] = [true, true];
  }

  /** Watch until stop is called. Raises an error of one line if there is no camera, or it ends. */
  async watch() {
    if (!navigator.mediaDevices) throw Error('A camera needs an address with https, localhost or a file');
    const size = { width: { ideal: 640 }, height: { ideal: 480 } };
    this.#media = await navigator.mediaDevices.getUserMedia({ video: size }).catch((error) => {
      throw Error(REASONS[error.name] ?? error.message);
    });
    const stream = this.#engine.openStream();
    try {
      if (this.#isOn) await this.#play(stream);
    } catch (error) {
      if (this.#isOn) throw error;
    } finally {
      stream.close();
      this.stop();
    }
  }

  stop() {
    this.#isOn = false;
    this.#media?.getTracks().forEach((track) => track.stop());
  }

  async #play(stream) {
    const [track] = this.#media.getVideoTracks();
    if (track.getSettings().facingMode !== 'environment') this.#view.mirror();
    this.#video.srcObject = this.#media;
    await this.#video.play();
    for (let misses = 0; this.#isOn;) {
      if (!this.#media.active) throw Error('The camera has stopped');
      try {
        await this.#look(stream);
        misses = 0;
      } catch (error) {
        misses += 1;
        if (misses >= MISSES || !this.#isOn) throw error;
        this.#answered(null, error);
        await new Promise((resume) => setTimeout(resume, 300 * misses));
      }
      await new Promise(requestAnimationFrame); // a page that is not seen waits here
    }
  }

  async #look(stream) {
    const { videoWidth, videoHeight } = this.#video;
    const scale = Math.min(1, LARGEST / Math.max(videoWidth, videoHeight));
    const size = [videoWidth, videoHeight].map((length) => Math.max(1, Math.round(scale * length)));
    const frame = Object.assign(document.createElement('canvas'), { width: size[0], height: size[1] });
    frame.getContext('2d', { willReadFrequently: true }).drawImage(this.#video, 0, 0, ...size);
    if (!this.#engine.findsFaces && !this.#view.boxes()) this.#begin(frame, size);
    const result = await stream.predict(frame, this.#view.boxes());
    if (!this.#isOn) return;
    this.#view.paint(frame, size);
    this.#view.show(result);
    this.#answered(result, null);
  }

  /** The first frame is shown at once, with a square that the user moves. */
  #begin(frame, size) {
    this.#view.paint(frame, size);
    this.#view.addSquare(() => {}); // the next frame is asked for anyway
  }
}
