"""Changes of colour and sharpness, alike for every family of models."""

from __future__ import annotations

import cv2
import numpy as np

from zoo.spec import Colours
from zoo.training._pictures import Pixels


def recolour(rng: np.random.Generator, pixels: Pixels, colours: Colours) -> Pixels:
    """Draw brightness, contrast and saturation, and change (height, width, 3) uint8 by them."""
    brightness = float(rng.uniform(-1, 1)) * colours.brightness * 255
    contrast = 1 + float(rng.uniform(-1, 1)) * colours.contrast
    saturation = 1 + float(rng.uniform(-1, 1)) * colours.saturation
    image = pixels.astype(np.float32)
    grey = image @ np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601 luma
    image = grey[..., None] + saturation * (image - grey[..., None])
    image = (image - 127.5) * contrast + 127.5 + brightness
    return np.clip(image, 0, 255).astype(np.uint8)


def blur_some(rng: np.random.Generator, pixels: Pixels, colours: Colours) -> Pixels:
    """Blur a drawn share of inputs a little."""
    if rng.random() >= colours.blur_share:
        return pixels
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), float(rng.uniform(0.4, 1.2))), np.uint8)
