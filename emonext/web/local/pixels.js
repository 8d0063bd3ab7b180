// Pixels of pictures, and pictures of pixels.

const MAX_PIXELS = 100_000_000;

/** Read a picture, { width, height, channels, data }: upright, without a conversion of colours, on white. */
export async function readPicture(blob, name) {
  const options = { imageOrientation: 'from-image', premultiplyAlpha: 'none', colorSpaceConversion: 'none' };
  const bitmap = await createImageBitmap(blob, options).catch(() => {
    throw Error(`${name}: no picture that can be read`);
  });
  const { width, height } = bitmap;
  if (width * height > MAX_PIXELS) throw Error(`${name}: ${width} x ${height} px, more than ${MAX_PIXELS} pixels`);
  const context = newContext(width, height);
  context.fillStyle = 'white';
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return readCanvas(context.canvas);
}

/** The pixels of a canvas. */
export function readCanvas(canvas) {
  const { width, height, data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return { width, height, channels: 4, data };
}

/** Data URL of a PNG of planes, grey or RGB: channel, row, column. */
export function toDataUrl(planes, channels, width, height) {
  const context = newContext(width, height);
  const image = context.createImageData(width, height);
  const area = width * height;
  for (let i = 0; i < area; i++) {
    for (let channel = 0; channel < 3; channel++) image.data[4 * i + channel] = planes[i + (channel % channels) * area];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return context.canvas.toDataURL('image/png');
}

function newContext(width, height) {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  return canvas.getContext('2d', { willReadFrequently: true });
}
