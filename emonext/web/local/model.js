// Models on ONNX Runtime Web: one thread of WebAssembly, which needs no headers of a server.
import * as ort from './ort.js';
import { load } from './assets.js';

let runtime = null;

/** An ONNX model: its name, the inputs ({ name, shape }) and the names of the outputs. */
class Model {
  #session;
  #last = Promise.resolve(); // a session computes one call at a time

  constructor(session, name) {
    this.#session = session;
    this.name = name;
    this.inputs = session.inputMetadata;
    this.outputs = session.outputNames;
  }

  /** Compute outputs, { name: { data, dims } }, for { type, data, dims }, the first input. */
  run({ type, data, dims }, names) {
    const answer = this.#last.then(() => this.#compute(new ort.Tensor(type, data, dims), names));
    this.#last = answer.catch(() => null);
    return answer;
  }

  async #compute(tensor, names) {
    try {
      return await this.#session.run({ [this.inputs[0].name]: tensor }, names);
    } catch (error) {
      throw Error(`${this.name}: the model cannot be computed (${oneLine(error)})`);
    }
  }
}

/** Load a model from the bytes of an .onnx file. */
export async function openModel(bytes, name) {
  runtime ??= start();
  await runtime;
  try {
    const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'], logSeverityLevel: 4 });
    return new Model(session, name);
  } catch (error) {
    throw Error(`${name}: no ONNX model that can be read (${oneLine(error)})`);
  }
}

async function start() {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = await load('local/ort.wasm');
}

function oneLine(error) {
  return String(error.message ?? error).replace(/\s+/g, ' ').slice(0, 200);
}
