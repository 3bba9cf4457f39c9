"""Plain values as JSON, with shared and cyclic structure kept, and nothing that could run code.

A message is {"root": value, "heap": [[kind, payload], ...]}. A value is a JSON scalar or [index], a reference
into the heap. A reply to a request lists the request's own objects first, at the same indices, so that what a
candidate changed in place is changed in place on the other side too.
"""

from collections import deque


class CodecError(Exception):
    """A value that is not plain, or a message that is not well formed."""


class Encoder:
    """Encodes values. `known`: objects of the request, which keep their indices.

    `shipped(obj)` gives the name under which an instance of a class travels, or None; `handle(obj)` the number
    of an object that stays on its side, or None.
    """

    def __init__(self, known=(), shipped=lambda obj: None, handle=lambda obj: None):
        self.objects = list(known)
        self.index = {id(obj): i for i, obj in enumerate(self.objects)}
        self.shipped = shipped
        self.handle = handle

    def encode(self, root):
        value = self._value(root)
        heap = []
        # The list grows while it is walked: every compound met is appended to it.
        for obj in self.objects:
            heap.append(self._entry(obj))
        return {"root": value, "heap": heap}

    def _value(self, obj):
        if obj is None or obj is True or obj is False:
            return obj
        if isinstance(obj, int) and -(1 << 63) < obj < 1 << 63:
            return int(obj)
        if isinstance(obj, float):
            return float(obj)
        if isinstance(obj, str):
            return str(obj)
        at = self.index.get(id(obj))
        if at is None:
            at = len(self.objects)
            self.index[id(obj)] = at
            self.objects.append(obj)
        return [at]

    def _entry(self, obj):
        values = lambda items: [self._value(item) for item in items]
        number = self.handle(obj)
        if number is not None:
            return ["h", number]
        if isinstance(obj, int):
            return ["i", hex(obj)]
        if isinstance(obj, list):
            return ["l", values(obj)]
        if isinstance(obj, tuple):
            return ["t", values(obj)]
        if isinstance(obj, dict):
            return ["d", [[self._value(k), self._value(v)] for k, v in obj.items()]]
        if isinstance(obj, set):
            return ["s", values(obj)]
        if isinstance(obj, frozenset):
            return ["f", values(obj)]
        if isinstance(obj, deque):
            return ["q", values(obj)]
        if isinstance(obj, range):
            return ["r", values((obj.start, obj.stop, obj.step))]
        if isinstance(obj, bytes):
            return ["b", obj.hex()]
        if isinstance(obj, complex):
            return ["c", [obj.real, obj.imag]]
        name = self.shipped(obj)
        if name is not None:
            return ["o", [name, [[key, self._value(value)] for key, value in vars(obj).items()]]]
        raise CodecError(f"{type(obj).__name__} is not a plain value")


_NEW = {"l": list, "d": dict, "s": set, "q": deque}


class Decoder:
    """Decodes a message. `known`: objects of the request, updated in place where the message changed them.

    `classes(name)` gives the class of a shipped object, `handle(number)` the object that stayed here. Without
    `handle`, one that stayed on the other side comes back only where the request itself mentions it: a stand-in
    that was handed out anew would let the other side answer for what is asked of it.
    """

    def __init__(self, known=(), classes=lambda name: None, handle=None):
        self.known = known
        self.classes = classes
        self.handle = handle

    def decode(self, message):
        try:
            return self._decode(message)
        except CodecError:
            raise
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
            raise CodecError(f"malformed message: {type(error).__name__}") from None

    def _decode(self, message):
        heap = message["heap"]
        if len(heap) < len(self.known):
            raise CodecError("malformed message: objects are missing")
        self.heap = heap
        self.objects = [None] * len(heap)
        self.ready = [False] * len(heap)
        for i, (kind, payload) in enumerate(heap):
            if kind in _NEW:
                self._put(i, self._reuse(i, _NEW[kind]) or _NEW[kind]())
            elif kind == "o":
                cls = self.classes(payload[0])
                if cls is None:
                    raise CodecError(f"{str(payload[0])[:50]} is not a known class")
                self._put(i, self._reuse(i, cls) or cls.__new__(cls))
            elif kind == "h" and self.handle is not None:
                self._put(i, self.handle(payload))
            elif kind == "h" and i < len(self.known):
                self._put(i, self.known[i])
            elif kind == "h":
                raise CodecError("an object of its own classes is not a plain value")
        for i in range(len(heap)):
            self._get(i)
        for i, (kind, payload) in enumerate(heap):
            self._fill(self.objects[i], kind, payload)
        return self._value(message["root"])

    def _reuse(self, i, cls):
        return self.known[i] if i < len(self.known) and type(self.known[i]) is cls else None

    def _put(self, i, obj):
        self.objects[i] = obj
        self.ready[i] = True

    def _value(self, value):
        if isinstance(value, list):
            (i,) = value
            if not isinstance(i, int) or i < 0:
                raise CodecError("malformed message: bad reference")
            return self._get(i)
        if isinstance(value, dict):
            raise CodecError("malformed message: bad value")
        return value

    def _get(self, i):
        if not self.ready[i]:
            kind, payload = self.heap[i]
            if i < len(self.known) and kind in "tfribc":
                self._put(i, self.known[i])  # the other side cannot have changed it
            elif kind == "t":
                self._put(i, tuple(self._value(v) for v in payload))
            elif kind == "f":
                self._put(i, frozenset(self._value(v) for v in payload))
            elif kind == "i":
                self._put(i, int(payload, 16))
            elif kind == "r":
                self._put(i, range(*(self._value(v) for v in payload)))
            elif kind == "b":
                self._put(i, bytes.fromhex(payload))
            elif kind == "c":
                real, imaginary = payload
                self._put(i, complex(float(real), float(imaginary)))
            else:
                raise CodecError("malformed message: unknown kind")
        return self.objects[i]

    def _fill(self, obj, kind, payload):
        if kind == "l":
            obj[:] = [self._value(v) for v in payload]
        elif kind == "d":
            items = [(self._value(k), self._value(v)) for k, v in payload]
            obj.clear()
            obj.update(items)
        elif kind == "s":
            items = [self._value(v) for v in payload]
            obj.clear()
            obj.update(items)
        elif kind == "q":
            items = [self._value(v) for v in payload]
            obj.clear()
            obj.extend(items)
        elif kind == "o":
            fields = {str(k): self._value(v) for k, v in payload[1]}
            obj.__dict__.clear()
            obj.__dict__.update(fields)
