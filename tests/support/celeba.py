"""Write a small data set in CelebA's own layout: drawn faces whose attributes can be seen, at the real frequencies."""

import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from gan.data.sources.celeba import ATTRIBUTES

FREQUENCIES = {
    "Smiling": 0.482, "Male": 0.417, "Young": 0.774, "Eyeglasses": 0.065, "Wearing_Hat": 0.048, "Bald": 0.022,
    "Blond_Hair": 0.148, "No_Beard": 0.835, "Mustache": 0.042,
}  # fmt: skip
WIDTH, HEIGHT = 178, 218


def write_celeba(data: Path, count: int = 40, zipped: bool = False, seed: int = 0) -> Path:
    """Write `data/celeba`, where `data` is what GAN_DATA shall name; 80% train, 10% val, 10% test. Returns it."""
    folder = data / "celeba"
    images = folder / "img_align_celeba"
    images.mkdir(parents=True)
    generator = np.random.default_rng(seed)
    rates = np.array([FREQUENCIES.get(name, 0.2) for name in ATTRIBUTES])
    values = generator.random((count, len(ATTRIBUTES))) < rates
    files = [f"{number:06d}.jpg" for number in range(1, count + 1)]
    for file, row in zip(files, values, strict=True):
        has = {name for name, value in zip(ATTRIBUTES, row, strict=True) if value}
        draw_face(has, generator).save(images / file, quality=90)
    rows = [
        f"{file} " + " ".join(f"{1 if value else -1:2d}" for value in row)
        for file, row in zip(files, values, strict=True)
    ]
    (folder / "list_attr_celeba.txt").write_text("\n".join([str(count), " ".join(ATTRIBUTES) + " ", *rows]) + "\n")
    parts = [0 if row < 0.8 * count else 1 if row < 0.9 * count else 2 for row in range(count)]
    partition = "".join(f"{file} {part}\n" for file, part in zip(files, parts, strict=True))
    (folder / "list_eval_partition.txt").write_text(partition)
    if zipped:
        with zipfile.ZipFile(folder / "img_align_celeba.zip", "w") as archive:
            for file in files:
                archive.write(images / file, f"img_align_celeba/{file}")
                (images / file).unlink()
        images.rmdir()
    return folder


def draw_face(has: set[str], generator: np.random.Generator) -> Image.Image:
    """A face of 178 x 218 px that shows some of its attributes."""
    shades = [int(shade) for shade in generator.integers(90, 200, 3)]
    image = Image.new("RGB", (WIDTH, HEIGHT), (shades[0], shades[1], shades[2]))
    draw = ImageDraw.Draw(image)
    x, y = (int(shift) for shift in generator.integers(-8, 9, 2) + np.array([89, 115]))
    hair = (230, 200, 90) if "Blond_Hair" in has else (50, 35, 25)
    if "Bald" not in has:
        long = 45 if "Male" not in has else 0
        draw.ellipse((x - 58, y - 78, x + 58, y + 20 + long), fill=hair)
    draw.ellipse((x - 45, y - 58, x + 45, y + 62), fill=(225, 180, 150))
    for side in (-18, 18):
        draw.ellipse((x + side - 6, y - 18, x + side + 6, y - 8), fill=(40, 30, 30))
        if "Eyeglasses" in has:
            draw.ellipse((x + side - 15, y - 27, x + side + 15, y + 1), outline=(10, 10, 10), width=4)
    if "Smiling" in has:
        draw.chord((x - 24, y + 10, x + 24, y + 42), 0, 180, fill=(160, 30, 40))
    else:
        draw.line((x - 18, y + 32, x + 18, y + 32), fill=(150, 50, 50), width=5)
    if "Mustache" in has:
        draw.rectangle((x - 20, y + 16, x + 20, y + 23), fill=hair)
    if "No_Beard" not in has:
        draw.chord((x - 42, y + 5, x + 42, y + 64), 30, 150, fill=hair)
    if "Wearing_Hat" in has:
        draw.rectangle((x - 60, y - 85, x + 60, y - 45), fill=(180, 20, 20))
    return image
