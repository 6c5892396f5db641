"""What others published about AudioSeal, for the same table: no weights of it were to be had here.

Shares of clips detected. ZachJon1/audioseal-robustness, technical_report.md (24 LibriSpeech clips, AudioSeal 0.2.0);
for speeds OmniSeal Bench, voxpopuli_1k_audio_attacks_variations.csv (1,000 clips).
"""

AUDIOSEAL = {
    "none": "100 %",
    "mp3 128k": "100 %",
    "mp3 64k": "100 %",
    "resampled 8k": "100 %",
    "noise 30 dB": "96 %",
    "noise 20 dB": "33 %",
    "pitch -2": "0 %",
    "pitch +2": "0 %",
    "stretch 0.9": "8 %",
    "stretch 1.1": "17 %",
    "cut 10 %": "79 % (message exact: 8 %)",
    "cut 25 %": "71 % (message exact: 4 %)",
    "speed 0.9": "0.1 %",
    "speed 1.1": "0.5 %",
}
