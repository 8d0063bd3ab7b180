// Files of the page: beside index.html, or inside it, compressed, where the page is one file.

/** Bytes of a file, by its path from index.html. */
export async function load(name) {
  const inside = document.querySelector(`script[data-asset="${name}"]`);
  if (inside) return decompress(fromBase64(inside.textContent));
  const answer = await fetch(new URL(name, document.baseURI)).catch(() => null);
  if (!answer?.ok) throw Error(`${name} cannot be loaded${answer ? ` (${answer.status})` : ''}`);
  return new Uint8Array(await answer.arrayBuffer());
}

function fromBase64(text) {
  return Uint8Array.from(atob(text.trim()), (sign) => sign.charCodeAt(0));
}

async function decompress(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
