// The camera: its frames go to the engine one after the other.
const LARGEST = 640; // px of the longer side of a frame

/** Watch the camera until the returned function is called. */
export function watch(view, engine, report, ended) {
  let isOn = true;
  const video = document.createElement('video');
  [video.muted, video.playsInline] = [true, true];

  async function run() {
    if (!navigator.mediaDevices) throw Error('A camera needs an address with https, localhost or a file');
    const media = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 } });
    const stream = engine.openStream();
    try {
      video.srcObject = media;
      await video.play();
      while (isOn && media.active) await look(stream);
      if (isOn) throw Error('The camera has stopped');
    } finally {
      media.getTracks().forEach((track) => track.stop());
      stream.close();
    }
  }

  async function look(stream) {
    const scale = Math.min(1, LARGEST / Math.max(video.videoWidth, video.videoHeight));
    const frame = document.createElement('canvas');
    frame.width = Math.round(scale * video.videoWidth);
    frame.height = Math.round(scale * video.videoHeight);
    frame.getContext('2d').drawImage(video, 0, 0, frame.width, frame.height);
    view.size = [frame.width, frame.height];
    const result = await stream.predict(frame, view.boxes());
    if (!isOn) return;
    [view.canvas.width, view.canvas.height] = view.size;
    view.canvas.getContext('2d').drawImage(frame, 0, 0);
    view.show(result);
    report(result, null);
    await new Promise(requestAnimationFrame);
  }

  run().catch((error) => {
    if (!isOn) return;
    ended();
    const refused = error.name === 'NotAllowedError' ? 'The camera may not be used' : null;
    const missing = error.name === 'NotFoundError' ? 'There is no camera' : null;
    report(null, Error(refused ?? missing ?? error.message));
  });
  return () => { isOn = false; };
}
