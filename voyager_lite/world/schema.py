"""The tables of ``world.sqlite``."""

SCHEMA_VERSION = 2

SCHEMA = """
CREATE TABLE world (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    height INTEGER NOT NULL, width INTEGER NOT NULL, fps REAL NOT NULL,
    origin TEXT NOT NULL  -- JSON: where the picture and its depth came from, and who made the world
) STRICT;
CREATE TABLE clip (
    number INTEGER PRIMARY KEY,  -- 0 is the photograph
    first_frame INTEGER NOT NULL,
    K BLOB NOT NULL, world_to_camera BLOB NOT NULL,
    making TEXT NOT NULL,  -- JSON: core, seeds, steps, prompt, versions
    crc INTEGER NOT NULL  -- CRC-32 of K, world_to_camera and making, one after another
) STRICT;
CREATE TABLE frame (
    clip INTEGER NOT NULL REFERENCES clip(number) ON DELETE CASCADE,
    number INTEGER NOT NULL,  -- of the whole walk; the newest clip that holds a frame wins
    rgb BLOB NOT NULL, depth BLOB NOT NULL, known BLOB NOT NULL,
    rgb_crc INTEGER NOT NULL, depth_crc INTEGER NOT NULL, known_crc INTEGER NOT NULL,
    PRIMARY KEY (clip, number)
) STRICT;
CREATE INDEX frame_takes ON frame(number, clip);
CREATE TABLE chunk (
    id INTEGER PRIMARY KEY,
    clip INTEGER NOT NULL REFERENCES clip(number) ON DELETE CASCADE,  -- that brought the points
    level INTEGER NOT NULL,  -- of detail: 0 as fused, 1 all smaller cubes of the clip, merged
    size INTEGER NOT NULL,  -- the cube's edge is 2 ** size scene units
    x INTEGER NOT NULL, y INTEGER NOT NULL, z INTEGER NOT NULL,  -- its low corner, in edges
    sky INTEGER NOT NULL,  -- 1: points of the far shell
    count INTEGER NOT NULL, data BLOB NOT NULL, crc INTEGER NOT NULL
) STRICT;
CREATE INDEX chunk_of_clip ON chunk(clip, level);
CREATE TABLE pending (  -- the walk that is under way, if one is
    id INTEGER PRIMARY KEY CHECK (id = 1),
    first_clip INTEGER NOT NULL, first_frame INTEGER NOT NULL, end_frame INTEGER NOT NULL,
    K BLOB NOT NULL, world_to_camera BLOB NOT NULL,
    request TEXT NOT NULL,  -- JSON: core, clip_frames, seed, steps, prompts
    crc INTEGER NOT NULL  -- as in clip
) STRICT;
"""


def statements(script: str) -> list[str]:
    """The single statements of a script, for a transaction of one's own."""
    return [statement for statement in script.split(";\n") if statement.strip()]
