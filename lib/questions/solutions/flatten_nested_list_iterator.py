class NestedIterator:
    def __init__(self, nested_list):
        def flat(items):
            return [n for item in items for n in (flat(item) if isinstance(item, list) else [item])]

        self.rest = flat(nested_list)[::-1]

    def next(self):
        return self.rest.pop()

    def has_next(self):
        return bool(self.rest)
