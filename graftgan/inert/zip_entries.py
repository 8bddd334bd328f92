"""The directory of a zip that torch.save wrote, read strictly: entries in a row, nothing around them, none unpacked.

Where readers of zips disagree (two directories, two entries of one name, flags, headers that contradict the directory)
the file is refused, so that what a scanner saw is what is read here. Layout: PKWARE's APPNOTE.TXT 6.3.
"""

import struct
import zlib

from graftgan.inert.refusal import Refusal, shown

MOST_ENTRIES = 20_000
END, WIDE_END, WIDE_LOCATOR = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
UTF8_AND_TRAILING_SIZES = 0x0808
PADDING = int.from_bytes(b"FB", "little")


def zip_entries(data: memoryview, skip_packed: bool = False) -> dict[str, slice]:
    """Finds where the bytes of each entry are.

    Args:
        data: the file.
        skip_packed: whether compressed entries are passed over instead of refused.

    Returns:
        Name -> place in `data`; each entry's checksum has been compared.

    Raises:
        Refusal: the zip is damaged, compressed, encrypted, or not of the plain form that torch.save gives it.
    """
    try:
        return _entries(data, skip_packed)
    except struct.error:
        raise Refusal("it is a zip that ends too early") from None


def _entries(data: memoryview, skip_packed: bool) -> dict[str, slice]:
    count, start, stop = _directory(data)
    at = start
    names: set[str] = set()
    found: dict[str, slice] = {}
    last = 0
    for _ in range(count):
        if data[at : at + 4] != b"PK\x01\x02" or at + 46 > stop:
            raise Refusal("its zip directory is damaged")
        flags, method = struct.unpack_from("<2H", data, at + 8)
        crc, packed, size, named, extra, noted = struct.unpack_from("<3L3H", data, at + 16)
        header = struct.unpack_from("<L", data, at + 42)[0]
        name = bytes(data[at + 46 : at + 46 + named])
        packed, size, header = _wide(data[at + 46 + named : at + 46 + named + extra], packed, size, header)
        stored = not method and packed == size
        if not (stored or method and skip_packed) or flags & ~UTF8_AND_TRAILING_SIZES:
            raise Refusal(f"its zip entry {shown(name)} is compressed, encrypted or of an unknown kind")
        text = name.decode("ascii", "replace")
        if text in names or not text.isascii() or not text.isprintable() or text.startswith("/") or ".." in text:
            raise Refusal(f"its zip has two entries {shown(name)}, or that is no name for one")
        if header != last:
            raise Refusal("its zip entries overlap, or leave holes")
        names.add(text)
        place = _place(data, at, header, name, flags, (crc, packed, size))
        if stored:
            if zlib.crc32(data[place]) != crc:
                raise Refusal(f"its zip entry {shown(name)} is damaged (checksum)")
            found[text] = place
        last, at = _after(data, place, flags, (crc, packed, size)), at + 46 + named + extra + noted
    if at != stop or last != start:
        raise Refusal("its zip directory is longer than its entries")
    return found


def _directory(data: memoryview) -> tuple[int, int, int]:
    """Returns how many entries the directory has, where it begins and where it ends."""
    end = len(data) - 22
    if data[:4] != b"PK\x03\x04" or end < 0 or data[end : end + 4] != END or data[end + 20 : end + 22] != b"\0\0":
        raise Refusal("it is a zip that is cut off, or that has something before or after it")
    disks = struct.unpack_from("<2H", data, end + 4)
    here, count, size, start = struct.unpack_from("<2H2L", data, end + 8)
    stop = end
    if data[max(0, end - 20) : end - 16] == WIDE_LOCATOR:
        wide = struct.unpack_from("<Q", data, end - 12)[0]
        if wide != end - 76 or data[wide : wide + 4] != WIDE_END:
            raise Refusal("its zip directory is damaged")
        here, count, size, start = struct.unpack_from("<4Q", data, wide + 24)
        stop = wide
    if any(disks) or here != count or count > MOST_ENTRIES or start + size != stop:
        raise Refusal(f"its zip directory is damaged, or has more than {MOST_ENTRIES} entries")
    return count, start, stop


def _wide(extra: memoryview, packed: int, size: int, header: int) -> tuple[int, int, int]:
    """Returns the three numbers with those that do not fit 32 bits taken from the entry's extra fields."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            rest = list(struct.unpack_from(f"<{length // 8}Q", extra, at + 4))
            size = rest.pop(0) if size == 2**32 - 1 and rest else size
            packed = rest.pop(0) if packed == 2**32 - 1 and rest else packed
            header = rest.pop(0) if header == 2**32 - 1 and rest else header
        at += 4 + length
    return packed, size, header


def _place(data: memoryview, at: int, header: int, name: bytes, flags: int, numbers: tuple[int, int, int]) -> slice:
    """Returns where an entry's bytes are; its own header must say what the directory at `at` says.

    Numbers are, here and below, the checksum and the sizes packed and unpacked.
    """
    *told, named, extra = struct.unpack_from("<3L2H", data, header + 14)
    start = header + 30 + named + extra
    same = data[header + 4 : header + 14] == data[at + 6 : at + 16] and data[header + 30 : header + 30 + named] == name
    crc, packed, size = numbers
    agree = told[0] == crc and told[1] in (packed, 2**32 - 1) and told[2] in (size, 2**32 - 1)
    trailing = bool(flags & 8) and told in ([0, 0, 0], [0, 2**32 - 1, 2**32 - 1])
    if data[header : header + 4] != b"PK\x03\x04" or not same or not (trailing or agree):
        raise Refusal(f"its zip entry {shown(name)} contradicts the directory")
    _check_padding(data[header + 30 + named : start])
    if start + packed > len(data):
        raise Refusal(f"its zip entry {shown(name)} is cut off")
    return slice(start, start + packed)


def _after(data: memoryview, place: slice, flags: int, numbers: tuple[int, int, int]) -> int:
    """Returns where an entry ends, with the repetition of its checksum and sizes that may follow it."""
    if not flags & 8:
        return place.stop
    for layout in ("<4sLQQ", "<4sLLL"):
        trailer = struct.pack(layout, b"PK\x07\x08", *numbers)
        if data[place.stop : place.stop + len(trailer)] == trailer:
            return place.stop + len(trailer)
    raise Refusal("its zip entries are not followed by their sizes")


def _check_padding(extra: memoryview) -> None:
    """Refuses extra fields of an entry's own header other than wide sizes and torch.save's padding, which is Zs."""
    at = 0
    while at < len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        held = bytes(extra[at + 4 : at + 4 + length])
        if len(held) != length or kind not in (1, PADDING) or kind == PADDING and held.strip(b"Z"):
            raise Refusal("its zip entries have extra fields that torch.save does not write")
        at += 4 + length
