// The line to the server: JSON there, JSON or a head and arrays back.

const KINDS = { uint8: Uint8Array, float32: Float32Array };

function unpack(buffer) {
  const size = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size)));
  let offset = 4 + size;
  const parts = {};
  for (const { name, kind, shape } of head.parts) {
    const length = shape.reduce((a, b) => a * b, 1);
    const values = new KINDS[kind](buffer, offset, length);
    parts[name] = { values, shape };
    offset += Math.ceil(values.byteLength / 4) * 4;
  }
  return { ...head, parts };
}

export class Wire {
  constructor(receive, end) {
    const address = new URL("socket", location.href);
    address.protocol = "ws:";
    address.hash = "";
    this.socket = new WebSocket(address);
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = ({ data }) => {
      receive(typeof data === "string" ? JSON.parse(data) : unpack(data));
    };
    this.socket.onclose = end;
  }

  send(type, fields = {}) {
    if (this.socket.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify({ type, ...fields }));
    }
  }
}
