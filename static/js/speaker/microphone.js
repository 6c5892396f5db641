// The microphone as it is: no echo cancellation, no noise suppression, no automatic gain, because each of them
// changes the voice that says yes. Reports the level while it is open, and records when asked.

const FORMATS = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus", "audio/webm"];
const BITS_PER_SECOND = 128000;
const QUIETEST_DB = -72;

export class Microphone {
  #stream;
  #context;
  #analyser;
  #samples;
  #recorder;
  #parts = [];
  peak = 0;

  // Resolves to an open microphone; rejects with the browser's own error (NotAllowedError, NotFoundError, …).
  static async open() {
    if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) {
      throw new DOMException("This browser cannot record.", "NotSupportedError");
    }
    const microphone = new Microphone();
    microphone.#stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 },
    });
    microphone.#context = new AudioContext();
    await microphone.#context.resume();
    microphone.#analyser = microphone.#context.createAnalyser();
    microphone.#analyser.fftSize = 2048;
    microphone.#samples = new Float32Array(microphone.#analyser.fftSize);
    microphone.#context.createMediaStreamSource(microphone.#stream).connect(microphone.#analyser);
    return microphone;
  }

  // The level now, in dB below full scale; `peak` remembers the largest sample since `start`.
  level() {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const sample of this.#samples) {
      sum += sample * sample;
      this.peak = Math.max(this.peak, Math.abs(sample));
    }
    return Math.max(QUIETEST_DB, 10 * Math.log10(sum / this.#samples.length + 1e-12));
  }

  // Calls back about every frame with the level until the function that it returns is called.
  watch(callback) {
    let wanted = true;
    const step = () => {
      if (wanted) {
        callback(this.level());
        setTimeout(step, 50);
      }
    };
    step();
    return () => {
      wanted = false;
    };
  }

  // The mean level over so many seconds.
  async mean(seconds) {
    const levels = [];
    const stop = this.watch((level) => levels.push(level));
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
    stop();
    return levels.reduce((sum, level) => sum + level, 0) / levels.length;
  }

  start() {
    const format = FORMATS.find((name) => MediaRecorder.isTypeSupported(name));
    this.#parts = [];
    this.peak = 0;
    this.#recorder = new MediaRecorder(this.#stream, { mimeType: format, audioBitsPerSecond: BITS_PER_SECOND });
    this.#recorder.addEventListener("dataavailable", (event) => this.#parts.push(event.data));
    this.#recorder.start(1000);
  }

  // Resolves to what was recorded.
  stop() {
    return new Promise((resolve) => {
      const recorder = this.#recorder;
      recorder.addEventListener("stop", () => resolve(new Blob(this.#parts, { type: recorder.mimeType })), {
        once: true,
      });
      recorder.stop();
    });
  }

  get recording() {
    return this.#recorder?.state === "recording";
  }

  // Whether the device has gone: unplugged, or taken away by the person or the system.
  onEnded(callback) {
    for (const track of this.#stream.getTracks()) {
      track.addEventListener("ended", callback);
    }
  }

  close() {
    for (const track of this.#stream.getTracks()) {
      track.stop();
    }
    this.#context.close();
  }
}
