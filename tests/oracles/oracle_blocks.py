"""Random blocks of each ggml type and their fp32 values by the `gguf` package."""

import gguf
import numpy as np

BLOCKS = 6


def make():
    random = np.random.default_rng(7)
    types = {}
    for name in ("Q4_0", "Q4_1", "Q8_0", "F16", "BF16", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K", "F32"):
        kind = gguf.GGMLQuantizationType[name]
        block_size, block_bytes = gguf.GGML_QUANT_SIZES[kind]
        count = BLOCKS if block_size > 1 else 64
        data = random.integers(0, 256, (count, block_bytes), dtype=np.uint8)
        # Finite scales of every size: normal, subnormal, zero and negative.
        scales = np.array([0.0123, -1.5, 6e-8, 0.0, 3e-5, 60000.0], dtype="<f2").view(np.uint8).reshape(-1, 2)
        if name == "Q6_K":
            data[:, 208:210] = scales
        elif block_size > 1:
            data[:, 0:2] = scales
            if name in ("Q4_1", "Q5_1", "Q4_K", "Q5_K"):  # a second scale, of what is added
                data[:, 2:4] = scales[::-1]
        elif name == "F32":
            data[data[:, 3] & 0x7F == 0x7F, 3] = 0x40
        else:
            data[:, 1] &= 0xBF if name == "F16" else 0xFF  # no infinities or NaN
            data[data[:, 1] & 0x7F == 0x7F, 1] = 0x40
        values = gguf.dequantize(data, kind).astype("<f4")
        types[name] = {
            "bytes": data.tobytes().hex(),
            "floats": np.ascontiguousarray(values).tobytes().hex(),
        }
    return {"made_with": {"gguf": "0.19.0"}, "types": types, "encoded": encoded(random)}


def encoded(random):
    """fp32 numbers and their blocks: ordinary ones, zeros, halves of a step, and ones below half precision."""
    values = random.standard_normal((6, 32)).astype("<f4")
    values[1] = 0
    values[2] = np.arange(32) - 15.5  # scale 15.5/127
    values[3, 0], values[3, 1:] = 127, np.arange(31) - 15.5  # scale 1: every code lies halfway
    values[4] *= 1e-6
    values[5] *= 3e4
    out = {"floats": values.tobytes().hex()}
    for name in ("F16", "Q8_0"):
        out[name] = gguf.quantize(values, gguf.GGMLQuantizationType[name]).tobytes().hex()
    return out
