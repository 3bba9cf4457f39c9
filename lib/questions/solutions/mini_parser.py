import json


class Solution:
    def deserialize(self, s):
        def wrap(value):
            if isinstance(value, int):
                return NestedInteger(value)
            nested = NestedInteger()
            for item in value:
                nested.add(wrap(item))
            return nested

        return wrap(json.loads(s))
